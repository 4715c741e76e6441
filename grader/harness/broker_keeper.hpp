#pragma once

#include <chrono>
#include <filesystem>

#include "harness/broker_java.hpp"

namespace grader {

/// What `start_broker` tells the keeper.
struct KeeperOptions {
  std::filesystem::path folder;  ///< The broker's state folder.
  std::filesystem::path infra;   ///< Where the templates of its properties are.
  KafkaInstallation kafka;
  bool learner_listener = true;
  std::chrono::seconds idle_limit{0};
};

/// The keeper, a process of its own: starts the broker of a folder, writes down how to reach it, and
/// stays until the broker is stopped, idle or dead, or its folder is gone; then ends it and tidies up.
/// If it is killed, the broker dies with it.
///
/// It says how the start went as one line of JSON on descriptor 3: {"ready": true}, {"error": "…"}, or
/// {"busy": true} if the folder has a keeper already. Returns the exit code of the process.
int keep_broker(const KeeperOptions& options);

}  // namespace grader
