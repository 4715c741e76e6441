#include "harness/broker_keeper.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "harness/broker_autopsy.hpp"
#include "harness/broker_config.hpp"
#include "harness/broker_probe.hpp"
#include "harness/broker_process.hpp"
#include "harness/broker_state.hpp"
#include "harness/infra_error.hpp"
#include "harness/keeper_common.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int start_attempts = 5;  // each with other ports

/// Waits for the broker's first answer and then warms it up.
void probe(const Broker& broker, const Probe::Say& say) {
  for (const int port : {broker.grader_port, broker.learner_port}) {
    while (port != 0 && !accepts_connections(port)) std::this_thread::sleep_for(3ms);
  }
  while (!answers_everywhere(broker, 1s)) std::this_thread::sleep_for(20ms);
  say("ready\n");
  const auto begun = Clock::now();
  const auto failed = warm_up(broker);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
  say(failed ? "warm-up failed: " + *failed : fmt::format("warm after {} ms more", took));
}

class Keeper {
 public:
  explicit Keeper(const KeeperOptions& options) : options_(options), files_{options.folder} {}

  int run() {
    try {
      lock_ = BrokerLock::try_to_get(files_, Holder::keeper);
      if (!lock_) {
        report_start({{"busy", true}});
        return 0;
      }
      fs::remove(files_.state());
      lock_->sign();
      if (fs::file_size(files_.keeper_log()) > 100'000) (void)!ftruncate(STDERR_FILENO, 0);
      signals_ = take_signals();
      start();
      report_start({{"ready", true}});
      close(report_descriptor);  // else the end of the process closes it, so that whoever reads it knows of
                                 // that too
    } catch (const std::exception& error) {
      log_line(std::string("start failed: ") + error.what());
      if (java_) end_java();
      leave_note(files_, lock_, error.what());
      report_start({{"error", error.what()}});
      return 2;
    }
    const std::string why = supervise();
    log_line("ending: " + why);
    end_java();
    leave_note(files_, lock_, why);
    log_line("ended");
    return 0;
  }

 private:
  void start() {
    std::optional<BrokerLock> java_lock = lock_for_java(files_);
    fresh_ = make_data(files_, options_.kafka.formatted(), 1, random_cluster_id());
    fs::remove_all(files_.folder / "tmp");
    fs::create_directories(files_.folder / "tmp");
    if (crashed()) {
      log_line("the last broker did not end in order");
      start_java(*java_lock, Life::recovery);
      end_java();
    }
    start_java(*java_lock, Life::service);
    java_lock.reset();  // Java has it now
    broker_.started_at = std::chrono::system_clock::now();
    broker_.idle_limit = options_.idle_limit;
    broker_.keeper_pid = getpid();
    write_state(files_, broker_);
    log_line(fmt::format("ready: process {}, learners at port {}, grader at port {}{}", broker_.java_pid,
                         broker_.learner_port, broker_.grader_port, fresh_ ? ", new data" : ""));
  }

  /// Whether Kafka was killed on this data. It then says so itself: it leaves this file when it ends well.
  [[nodiscard]] bool crashed() const {
    return !fresh_ && fs::exists(files_.data() / "__cluster_metadata-0") &&
           !fs::exists(files_.data() / ".kafka_cleanshutdown");
  }

  /// After a crash the controller believes that the old broker lives until its session has timed out, and
  /// refuses the new one ("another broker is registered with that id"). As sessions are long here
  /// (broker.properties says why), we first let Kafka live for a moment with short ones.
  enum class Life { service, recovery };
  static constexpr auto* short_sessions = "broker.session.timeout.ms=500\nbroker.heartbeat.interval.ms=100\n";

  void start_java(const BrokerLock& java_lock, Life life) {
    for (int attempt = 1;; ++attempt) {
      const auto trouble = try_to_start_java(java_lock, life, attempt == 1);
      if (!trouble) return;
      log_line(trouble->text);
      if (!trouble->port_taken) throw InfraError(trouble->text + advice_on_old_data());
      if (attempt == start_attempts)
        throw InfraError(fmt::format("{}, {} times; start it again", trouble->text, attempt));
    }
  }

  std::optional<Autopsy> try_to_start_java(const BrokerLock& java_lock, Life life, bool usual_port) {
    const bool for_learners = options_.learner_listener && life == Life::service;
    const Ports ports = free_ports(for_learners, usual_port);
    broker_ = fresh_broker(files_, ports);
    write_properties(files_, options_.infra, broker_, ports, life == Life::recovery ? short_sessions : "");
    std::error_code no_log;
    const auto log_size = fs::file_size(files_.server_log(), no_log);
    log_start_ = no_log ? 0 : log_size;

    java_.reset();
    java_.emplace(kafka_process(options_.kafka, files_, java_lock));
    broker_.java_pid = java_->pid();
    probe_.emplace([this](const Probe::Say& say) { probe(broker_, say); });
    const auto deadline = Clock::now() + java_start_limit;
    while (Clock::now() < deadline) {
      const auto event = next_event(deadline - Clock::now());
      if (event == Event::java_ended) return autopsy();
      if (event == Event::signal) throw InfraError("it was told to stop while it started");
      if (event == Event::probe && probe_->hear().starts_with("ready")) {
        if (life == Life::service) wait_until_warm();
        return std::nullopt;
      }
    }
    end_java();
    throw InfraError(fmt::format("the broker did not answer within {}; what it said is in {}",
                                 readable(java_start_limit), files_.server_log().string()));
  }

  /// A broker that is warm from the first request on costs its starter 0.1 s (0.4 s with new data); one
  /// that is not makes its first clients wait for a second, and log warnings. Gives up after a while.
  void wait_until_warm() {
    for (const auto deadline = Clock::now() + 3s; probe_ && Clock::now() < deadline;) {
      const auto event = next_event(deadline - Clock::now());
      if (event != Event::probe) return;  // what it is comes again: an ended Java, or a signal not yet read
      hear_probe();
    }
  }

  void hear_probe() {
    if (const auto text = probe_->hear(); !text.empty()) {
      log_line(text);
    } else {
      probe_.reset();  // it has said all
    }
  }

  /// Watches until there is a reason to end, and returns it.
  std::string supervise() {
    const auto tick = std::clamp<Clock::duration>(options_.idle_limit / 10, 50ms, 1s);
    Usage usage(files_, options_.idle_limit, [this] { return client_connections({broker_}); });
    while (true) {
      switch (next_event(tick)) {
        case Event::signal:
          return "stopped (" + sender_of_signal() + ")";
        case Event::java_ended:
          return autopsy().text;
        case Event::probe:
          hear_probe();
          break;
        case Event::none:
          break;
      }
      if (!lock_->in_place(files_)) return "its folder was removed";
      if (usage.is_idle()) return "nobody used it for " + readable(options_.idle_limit);
    }
  }

  enum class Event { none, signal, java_ended, probe };

  Event next_event(Clock::duration limit) {
    const int life_signs = probe_ ? probe_->descriptor() : -1;  // poll leaves -1 out
    std::array<pollfd, 3> polled{{{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = java_->process().get(), .events = POLLIN, .revents = 0},
                                  {.fd = life_signs, .events = POLLIN, .revents = 0}}};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    if (poll(polled.data(), polled.size(), static_cast<int>(milliseconds)) <= 0) return Event::none;
    if (polled[0].revents != 0) return Event::signal;  // it stays there: every caller ends because of it
    return polled[1].revents != 0 ? Event::java_ended : Event::probe;
  }

  [[nodiscard]] std::string sender_of_signal() const {
    const auto signal = next_signal(signals_);
    return fmt::format("signal {} from process {}", signal.number, signal.sender);
  }

  Autopsy autopsy() { return examine(files_, log_start_, java_->wait()); }

  [[nodiscard]] std::string advice_on_old_data() const {
    if (fresh_) return {};
    return "\nIf it can't use the topics of an earlier run: `./course broker reset` deletes them and starts "
           "afresh";
  }

  void end_java() {
    if (lock_->in_place(files_)) fs::remove(files_.state());  // from now on nobody shall count on it
    probe_.reset();
    java_->signal(SIGTERM);
    if (!has_ended_within(java_->process(), java_stop_limit)) {
      log_line("Java does not end, killing it");
      java_->signal(SIGKILL);
    }
    java_->wait();
  }

  const KeeperOptions options_;
  const BrokerFiles files_;
  std::optional<BrokerLock> lock_;
  Descriptor signals_;
  Broker broker_;
  std::optional<Child> java_;
  std::optional<Probe> probe_;
  std::uintmax_t log_start_ = 0;  ///< Where this broker's lines begin in server.log.
  bool fresh_ = false;            ///< Whether the data folder is new.
};

}  // namespace

int keep_broker(const KeeperOptions& options) {
  become_keeper();
  return Keeper(options).run();
}

}  // namespace grader
