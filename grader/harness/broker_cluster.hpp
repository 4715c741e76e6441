#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/broker.hpp"
#include "harness/paths.hpp"

namespace grader {

/// The running three-broker cluster of this checkout, as its keeper wrote it down
/// (`.course/cluster/state.json`, readable by the owner only). Broker N, counted from 1, is `brokers[N - 1]`;
/// its `java_pid` is 0 while it is dead. All brokers know the same users.
struct BrokerCluster {
  int keeper_pid = 0;      ///< The process that started all of it and ends it.
  int controller_pid = 0;  ///< The node that keeps the metadata, and nothing else.
  std::vector<Broker> brokers;

  /// Of broker N. Throws `std::out_of_range`.
  [[nodiscard]] const Broker& broker(int number) const {
    return brokers.at(static_cast<std::size_t>(number) - 1);
  }
  /// Comma-separated, as `bootstrap.servers` takes it.
  [[nodiscard]] std::string learner_address() const;
  [[nodiscard]] std::string grader_address() const;
};

/// The folder of a node below the cluster's: "broker-1" … "broker-3", "controller".
std::filesystem::path node_folder(const std::filesystem::path& folder, int number);
inline constexpr int cluster_size = 3;
inline constexpr int controller_number = 100;

/// The running cluster whose state is in `folder` (such as `.course/cluster`), or nothing. Dead and paused
/// brokers do not make it "not running".
std::optional<BrokerCluster> running_cluster(const std::filesystem::path& folder);

/// Starts a cluster, or returns the one that runs there; as `start_broker` does it. Returns when all its
/// brokers answer. Throws `InfraError`.
BrokerCluster start_cluster(const Paths& paths, const std::filesystem::path& folder,
                            const BrokerOptions& options = {});

/// Stops the cluster of `folder` and waits until no process of it is left. False if none was running.
bool stop_cluster(const std::filesystem::path& folder);

/// Whoever relies on the cluster being left alone holds this file's lock (`FileLock`): a check that does
/// things to brokers, and whoever does so by hand.
std::filesystem::path cluster_use_lock(const std::filesystem::path& folder);

/// kill -9 for broker `number`. Returns when the keeper knows that it is dead. Throws `InfraError` if it
/// is not running.
void kill_broker(const std::filesystem::path& folder, int number);

/// Stops the processor time of a broker (SIGSTOP), and lets it go on (SIGCONT). Returns when the kernel
/// shows it stopped. Throws `InfraError` if the broker is not running.
void pause_broker(const std::filesystem::path& folder, int number);
void resume_broker(const std::filesystem::path& folder, int number);
[[nodiscard]] bool is_paused(const Broker& broker);

/// Lets paused brokers go on and asks the keeper to start the dead ones again, on their data and ports. Does
/// not wait for them; false if all were well.
bool revive_brokers(const std::filesystem::path& folder);

/// Waits until every broker lives, answers, and is known to be alive by the others. Throws `InfraError`
/// when that has not come about within `limit`.
BrokerCluster wait_until_whole(const std::filesystem::path& folder, std::chrono::milliseconds limit);

}  // namespace grader
