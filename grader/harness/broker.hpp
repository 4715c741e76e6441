#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/paths.hpp"

namespace grader {

/// A user of the broker's SASL/PLAIN listener.
struct Principal {
  std::string user;
  std::string password;
};

/// A running broker of this checkout, as its keeper wrote it down (`.course/broker/state.json`,
/// readable by the owner only).
struct Broker {
  int keeper_pid = 0;  ///< The process that started Java and ends it.
  int java_pid = 0;
  int learner_port = 0;  ///< Plain listener on 127.0.0.1 for learners; 0 if this broker has none.
  int grader_port = 0;   ///< SASL/PLAIN listener on 127.0.0.1.
  Principal admin;
  std::vector<Principal> check_users;  ///< Without any right until somebody gives them some.
  std::filesystem::path logs;          ///< Folder of `requests.log` and `server.log`.
  std::chrono::system_clock::time_point started_at;
  std::chrono::seconds idle_limit{0};  ///< It ends when unused for so long.

  [[nodiscard]] std::string learner_address() const { return "localhost:" + std::to_string(learner_port); }
  [[nodiscard]] std::string grader_address() const { return "127.0.0.1:" + std::to_string(grader_port); }
};

struct BrokerOptions {
  bool learner_listener = true;  ///< False for graded submissions: no anonymous way in.
  std::chrono::seconds idle_limit = std::chrono::minutes(30);  ///< The broker ends when unused for so long.
};

/// The running broker whose state is in `folder` (such as `.course/broker`), or nothing. What a killed
/// or rebooted machine left behind is recognised as not running.
std::optional<Broker> running_broker(const std::filesystem::path& folder);

/// Starts a broker with its state in `folder`, or returns the one that runs there. Returns when it
/// answers. Its topics are those of the last broker that was started there. The first start on a machine
/// fetches Kafka and says so on stderr. Throws `InfraError` with what to do when it can't be started.
///
/// The broker is no descendant of the caller and outlives it, unless a process above the caller has made
/// itself a subreaper (PR_SET_CHILD_SUBREAPER) and kills what it adopts.
Broker start_broker(const Paths& paths, const std::filesystem::path& folder,
                    const BrokerOptions& options = {});

/// Stops the broker of `folder` and waits until no process of it is left. False if none was running.
bool stop_broker(const std::filesystem::path& folder);

/// Tells the keeper that the broker of `folder` is in use, so that it does not end as idle.
void touch_broker(const std::filesystem::path& folder);

}  // namespace grader
