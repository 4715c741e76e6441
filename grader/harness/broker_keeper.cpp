#include "harness/broker_keeper.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
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

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto start_limit = 90s;  // on a slow or busy machine; usual is one second
constexpr auto stop_limit = 10s;   // usual are 0.3
constexpr int start_attempts = 5;  // each with other ports

std::string readable(std::chrono::seconds time) {
  return time % 60s == 0s ? fmt::format("{} min", time / 60s) : fmt::format("{} s", time.count());
}

void log(const std::string& text) {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto part = now.time_since_epoch() % 1s;
  const std::string line = fmt::format(
      "{:%F %T}.{:03} {}\n", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), part.count(), text);
  (void)!write(STDERR_FILENO, line.data(), line.size());  // the disk may be full; that is no reason to end
}

/// What is to be said to the process that started the keeper, which may be gone.
void report(const nlohmann::json& message) {
  const std::string line = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  (void)!write(report_descriptor, line.data(), line.size());
}

/// When the broker was last used: when somebody touched it, or a client was connected. Looks at the
/// clients now and then only.
class Usage {
 public:
  Usage(const BrokerFiles& files, std::chrono::seconds idle_limit)
      : files_(files),
        idle_limit_(idle_limit),
        interval_(std::clamp<Clock::duration>(idle_limit_ / 10, 100ms, 30s)) {}

  bool is_idle(const Broker& broker) {
    const auto now = Clock::now();
    std::error_code error;
    const auto touched = fs::last_write_time(files_.used(), error);
    if (!error && touched != touched_) {
      touched_ = touched;
      last_use_ = now;
    }
    if (now - looked_ >= interval_) {
      looked_ = now;
      if (client_connections(broker) > 0) last_use_ = now;
    }
    return now - last_use_ >= idle_limit_;
  }

 private:
  const BrokerFiles& files_;
  Clock::duration idle_limit_;
  Clock::duration interval_;
  fs::file_time_type touched_{};
  Clock::time_point last_use_ = Clock::now();
  Clock::time_point looked_{};
};

/// The first life signs of a broker, told by a process of its own: librdkafka's threads stay out of the
/// keeper, which may fork and stays small, and nothing that hangs can keep the keeper from its work.
class Probe {
 public:
  explicit Probe(const Broker& broker) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw InfraError("no pipe for the broker's probe");
    reading_.reset(ends[0]);
    const Descriptor writing(ends[1]);
    child_.emplace([&broker, fd = writing.get()] { return body(broker, fd); });
  }

  [[nodiscard]] int descriptor() const { return reading_.get(); }

  /// What it said since; empty once it has said all.
  std::string hear() {
    std::array<char, 512> buffer{};
    const ssize_t size = read(reading_.get(), buffer.data(), buffer.size());
    if (size <= 0) reading_.reset();
    return size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  static int body(const Broker& broker, int fd) {
    // Above all not the locks, which would then outlive their owners.
    close_range(report_descriptor, static_cast<unsigned>(fd) - 1, 0);
    close_range(static_cast<unsigned>(fd) + 1, ~0U, 0);
    for (const int port : {broker.grader_port, broker.learner_port}) {
      while (port != 0 && !accepts_connections(port)) std::this_thread::sleep_for(3ms);
    }
    while (!answers_everywhere(broker, 1s)) std::this_thread::sleep_for(20ms);
    (void)!write(fd, "ready\n", 6);
    const auto begun = Clock::now();
    const auto failed = warm_up(broker);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
    const std::string text =
        failed ? "warm-up failed: " + *failed : fmt::format("warm after {} ms more", took);
    (void)!write(fd, text.data(), text.size());
    return 0;
  }

  Descriptor reading_;
  std::optional<Child> child_;
};

class Keeper {
 public:
  explicit Keeper(const KeeperOptions& options) : options_(options), files_{options.folder} {}

  int run() {
    try {
      lock_ = BrokerLock::try_to_get(files_, Holder::keeper);
      if (!lock_) {
        report({{"busy", true}});
        return 0;
      }
      fs::remove(files_.state());
      lock_->sign();
      if (fs::file_size(files_.keeper_log()) > 100'000) (void)!ftruncate(STDERR_FILENO, 0);
      take_signals();
      start();
      report({{"ready", true}});
      close(report_descriptor);  // else the end of the process closes it, so that whoever reads it knows of
                                 // that too
    } catch (const std::exception& error) {
      log(std::string("start failed: ") + error.what());
      if (java_) end_java();
      leave_note(error.what());
      report({{"error", error.what()}});
      return 2;
    }
    const std::string why = supervise();
    log("ending: " + why);
    end_java();
    leave_note(why);
    log("ended");
    return 0;
  }

 private:
  /// From now on SIGTERM and the like are read from a descriptor.
  void take_signals() {
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(concurrency-mt-unsafe): before any thread
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_.reset(signalfd(-1, &signals, SFD_CLOEXEC));
  }

  /// Java inherits this lock, so it is free only when the last Java of this folder is gone.
  BrokerLock lock_for_java() {
    for (const auto deadline = Clock::now() + 10s; Clock::now() < deadline;
         std::this_thread::sleep_for(5ms)) {
      if (auto lock = BrokerLock::try_to_get(files_, Holder::java)) return std::move(*lock);
    }
    throw InfraError(
        fmt::format("a Java of an earlier broker in {} does not end; find and kill it: "
                    "ps -ef | grep kafka.Kafka",
                    files_.folder.string()));
  }

  void start() {
    std::optional<BrokerLock> java_lock = lock_for_java();
    fresh_ = make_data(files_, options_.kafka.formatted());
    fs::remove_all(files_.folder / "tmp");
    fs::create_directories(files_.folder / "tmp");
    if (crashed()) {
      log("the last broker did not end in order");
      start_java(*java_lock, Life::recovery);
      end_java();
    }
    start_java(*java_lock, Life::service);
    java_lock.reset();  // Java has it now
    broker_.started_at = std::chrono::system_clock::now();
    broker_.idle_limit = options_.idle_limit;
    broker_.keeper_pid = getpid();
    write_state(files_, broker_);
    log(fmt::format("ready: process {}, learners at port {}, grader at port {}{}", broker_.java_pid,
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
      log(trouble->text);
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

    auto command = options_.kafka.java_command();
    command.push_back("-Dcourse.broker=" +
                      files_.folder.string());  // tells brokers apart in a list of processes
    command.insert(command.end(),
                   {"-Djava.io.tmpdir=tmp", "-Dcourse.log.dir=logs",
                    "-Dlog4j2.configurationFile=log4j2.properties", "kafka.Kafka", "server.properties"});
    java_.reset();
    java_.emplace(Child::Spec{.arguments = command,
                              .environment = java_environment(),
                              .folder = files_.folder,
                              .log = files_.java_log(),
                              .keep_open = java_lock.descriptor()});
    broker_.java_pid = java_->pid();
    probe_.emplace(broker_);
    const auto deadline = Clock::now() + start_limit;
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
                                 readable(start_limit), files_.server_log().string()));
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
      log(text);
    } else {
      probe_.reset();  // it has said all
    }
  }

  /// Watches until there is a reason to end, and returns it.
  std::string supervise() {
    const auto tick = std::clamp<Clock::duration>(options_.idle_limit / 10, 50ms, 1s);
    Usage usage(files_, options_.idle_limit);
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
      if (usage.is_idle(broker_)) return "nobody used it for " + readable(options_.idle_limit);
    }
  }

  enum class Event { none, signal, java_ended, probe };

  Event next_event(Clock::duration limit) {
    const int probe = probe_ ? probe_->descriptor() : -1;  // poll leaves -1 out
    std::array<pollfd, 3> polled{{{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = java_->process().get(), .events = POLLIN, .revents = 0},
                                  {.fd = probe, .events = POLLIN, .revents = 0}}};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    if (poll(polled.data(), polled.size(), static_cast<int>(milliseconds)) <= 0) return Event::none;
    if (polled[0].revents != 0) return Event::signal;  // it stays there: every caller ends because of it
    return polled[1].revents != 0 ? Event::java_ended : Event::probe;
  }

  [[nodiscard]] std::string sender_of_signal() const {
    signalfd_siginfo which{};
    (void)!read(signals_.get(), &which, sizeof which);
    return fmt::format("signal {} from process {}", which.ssi_signo, which.ssi_pid);
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
    if (!has_ended_within(java_->process(), stop_limit)) {
      log("Java does not end, killing it");
      java_->signal(SIGKILL);
    }
    java_->wait();
  }

  /// For `course broker status` and for the curious. The disk may be full, or the folder gone.
  void leave_note(const std::string& why) const {
    if (!lock_ || !lock_->in_place(files_)) return;
    try {
      fs::remove(files_.state());
      write_private(files_.last_end(), why + '\n');
    } catch (const std::exception& error) {
      log(std::string("no note left: ") + error.what());
    }
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
  umask(077);
  if (fcntl(report_descriptor, F_SETFD, FD_CLOEXEC) != 0)
    open("/dev/null", O_WRONLY | O_CLOEXEC);  // started by hand
  (void)!chdir("/");  // it shall not hold on to the folder in which somebody happened to start it
  return Keeper(options).run();
}

}  // namespace grader
