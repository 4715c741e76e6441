#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/broker_java.hpp"
#include "harness/broker_process.hpp"
#include "harness/broker_state.hpp"

// What the keeper of one broker and the keeper of a cluster have in common.

namespace grader {

/// How long Java may take to answer: on a slow or busy machine; usual is one second.
inline constexpr std::chrono::seconds java_start_limit{90};
/// How long it may take to end in order; usual are 0.3 s.
inline constexpr std::chrono::seconds java_stop_limit{10};

/// "30 min", "90 s"
std::string readable(std::chrono::seconds time);

/// Adds a line with the time to the keeper's log, its stderr.
void log_line(const std::string& text);

/// Says something to the process that started the keeper (on `report_descriptor`), which may be gone.
void report_start(const nlohmann::json& message);

/// What every keeper does first: files for the owner only, no folder held, a descriptor 3 that is not
/// inherited.
void become_keeper();

/// From now on SIGTERM, SIGINT, SIGHUP and SIGUSR1 are read from the descriptor that is returned
/// (signalfd(2)). Before any thread.
Descriptor take_signals();

/// The number of the next signal and the process that sent it.
struct SignalReceived {
  int number = 0;
  int sender = 0;
};
SignalReceived next_signal(const Descriptor& signals);

/// Java inherits this lock, so it is free only when the last Java of this folder is gone: waits for that.
/// Throws `InfraError` if it does not end.
BrokerLock lock_for_java(const BrokerFiles& files);

/// A Kafka that is to be started on the properties in the folder of `files`, with `flags` for Java besides
/// the usual ones. It inherits `lock`.
Child::Spec kafka_process(const KafkaInstallation& kafka, const BrokerFiles& files, const BrokerLock& lock,
                          const std::vector<std::string>& flags = {});

/// Writes down why the keeper ends, for `status` and for the curious, and removes the state, if the folder
/// is still there. The disk may be full: then it says so in the log only.
void leave_note(const BrokerFiles& files, const std::optional<BrokerLock>& lock, const std::string& why);

/// When a broker was last used: when somebody touched it, or a client was connected. Looks at the clients
/// now and then only.
class Usage {
 public:
  /// `clients` counts the connections of clients.
  Usage(const BrokerFiles& files, std::chrono::seconds idle_limit, std::function<int()> clients);

  bool is_idle();

 private:
  using Clock = std::chrono::steady_clock;

  const BrokerFiles& files_;
  Clock::duration idle_limit_;
  Clock::duration interval_;
  std::function<int()> clients_;
  std::filesystem::file_time_type touched_{};
  Clock::time_point last_use_ = Clock::now();
  Clock::time_point looked_{};
};

/// The first life signs of brokers, told by a process of its own: librdkafka's threads stay out of the
/// keeper, which may fork and stays small, and nothing that hangs can keep the keeper from its work.
class Probe {
 public:
  using Say = std::function<void(const std::string&)>;
  /// Runs `body` in a child, which says something now and then.
  explicit Probe(const std::function<void(const Say& say)>& body);

  /// Readable when it has said something.
  [[nodiscard]] int descriptor() const { return reading_.get(); }

  /// What it said since; empty once it has said all.
  std::string hear();

 private:
  Descriptor reading_;
  std::optional<Child> child_;
};

}  // namespace grader
