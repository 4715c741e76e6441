#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/paths.hpp"

namespace grader {

/// Kafka on this machine, as infra/prepare.sh made it ready.
struct KafkaInstallation {
  std::filesystem::path java;
  std::filesystem::path prepared;  ///< formatted/, broker.jsa and java.args.

  /// A formatted, empty log folder of node 1.
  [[nodiscard]] std::filesystem::path formatted() const { return prepared / "formatted"; }

  /// `java` with flags, class path and class-data archive: the archive fits these words only, so
  /// everything that runs Kafka's classes starts with them.
  [[nodiscard]] std::vector<std::string> java_command() const {
    return {java.string(), "@" + (prepared / "java.args").string()};
  }
};

/// Runs infra/prepare.sh, which has nothing to do (20 ms) but for the first time, when it fetches Kafka
/// and tells so on stderr. Throws `InfraError` with what it says when it can't.
KafkaInstallation prepare_kafka(const Paths& paths);

/// This process's environment for a Java of ours: without the variables through which a user gives
/// flags to every Java, because those make the archive useless, and with a locale that knows UTF-8, so
/// that any folder name works.
std::vector<std::string> java_environment();

}  // namespace grader
