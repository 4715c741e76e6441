#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/broker_java.hpp"
#include "harness/broker_state.hpp"
#include "harness/paths.hpp"

// Starting and stopping the keeper of a broker or of a cluster, from outside. `what` is "broker" or
// "cluster": the command that keeps it, and the word in messages.

namespace grader {

/// Makes the state folder, for its owner only; its path is then canonical. Throws `InfraError`.
BrokerFiles make_keeper_folder(const std::filesystem::path& folder);

/// The command line of a keeper, to which more options may be added.
std::vector<std::string> keep_command(const Paths& paths, const std::string& what, const BrokerFiles& files,
                                      const KafkaInstallation& kafka, std::chrono::seconds idle_limit);

/// Starts a keeper and waits until `is_running`; if another process is starting one, waits for that. Throws
/// `InfraError` with what the keeper said when it can't start.
void start_keeper(const std::vector<std::string>& command, const BrokerFiles& files, const std::string& what,
                  const std::function<bool()>& is_running);

/// Ends the keeper of the folder and waits until no process of it is left. False if there was none.
bool stop_keeper(const BrokerFiles& files, const std::string& what);

}  // namespace grader
