#include "harness/keeper_common.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/infra_error.hpp"

namespace grader {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string readable(std::chrono::seconds time) {
  return time % 60s == 0s ? fmt::format("{} min", time / 60s) : fmt::format("{} s", time.count());
}

void log_line(const std::string& text) {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto part = now.time_since_epoch() % 1s;
  const std::string line = fmt::format(
      "{:%F %T}.{:03} {}\n", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), part.count(), text);
  (void)!write(STDERR_FILENO, line.data(), line.size());  // the disk may be full; that is no reason to end
}

void report_start(const nlohmann::json& message) {
  const std::string line = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  (void)!write(report_descriptor, line.data(), line.size());
}

void become_keeper() {
  umask(077);
  if (fcntl(report_descriptor, F_SETFD, FD_CLOEXEC) != 0)
    open("/dev/null", O_WRONLY | O_CLOEXEC);  // started by hand
  (void)!chdir("/");  // it shall not hold on to the folder in which somebody happened to start it
}

Descriptor take_signals() {
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(concurrency-mt-unsafe): before any thread
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Descriptor(signalfd(-1, &signals, SFD_CLOEXEC));
}

SignalReceived next_signal(const Descriptor& signals) {
  signalfd_siginfo which{};
  (void)!read(signals.get(), &which, sizeof which);
  return {.number = static_cast<int>(which.ssi_signo), .sender = static_cast<int>(which.ssi_pid)};
}

BrokerLock lock_for_java(const BrokerFiles& files) {
  for (const auto deadline = std::chrono::steady_clock::now() + 10s;
       std::chrono::steady_clock::now() < deadline; std::this_thread::sleep_for(5ms)) {
    if (auto lock = BrokerLock::try_to_get(files, Holder::java)) return std::move(*lock);
  }
  throw InfraError(
      fmt::format("a Java of an earlier broker in {} does not end; find and kill it: "
                  "ps -ef | grep kafka.Kafka",
                  files.folder.string()));
}

Child::Spec kafka_process(const KafkaInstallation& kafka, const BrokerFiles& files, const BrokerLock& lock,
                          const std::vector<std::string>& flags) {
  auto command = kafka.java_command();
  command.insert(command.end(), flags.begin(), flags.end());
  command.push_back("-Dcourse.broker=" +
                    files.folder.string());  // tells brokers apart in a list of processes
  command.insert(command.end(),
                 {"-Djava.io.tmpdir=tmp", "-Dcourse.log.dir=logs",
                  "-Dlog4j2.configurationFile=log4j2.properties", "kafka.Kafka", "server.properties"});
  return {.arguments = command,
          .environment = java_environment(),
          .folder = files.folder,
          .log = files.java_log(),
          .keep_open = lock.descriptor()};
}

void leave_note(const BrokerFiles& files, const std::optional<BrokerLock>& lock, const std::string& why) {
  if (!lock || !lock->in_place(files)) return;
  try {
    fs::remove(files.state());
    write_private(files.last_end(), why + '\n');
  } catch (const std::exception& error) {
    log_line(std::string("no note left: ") + error.what());
  }
}

Usage::Usage(const BrokerFiles& files, std::chrono::seconds idle_limit, std::function<int()> clients)
    : files_(files),
      idle_limit_(idle_limit),
      interval_(std::clamp<Clock::duration>(idle_limit_ / 10, 100ms, 30s)),
      clients_(std::move(clients)) {}

bool Usage::is_idle() {
  const auto now = Clock::now();
  std::error_code error;
  const auto touched = fs::last_write_time(files_.used(), error);
  if (!error && touched != touched_) {
    touched_ = touched;
    last_use_ = now;
  }
  if (now - looked_ >= interval_) {
    looked_ = now;
    if (clients_() > 0) last_use_ = now;
  }
  return now - last_use_ >= idle_limit_;
}

Probe::Probe(const std::function<void(const Say& say)>& body) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw InfraError("no pipe for the broker's probe");
  reading_.reset(ends[0]);
  const Descriptor writing(ends[1]);
  child_.emplace([&body, fd = writing.get()] {
    // Above all not the locks, which would then outlive their owners.
    close_range(report_descriptor, static_cast<unsigned>(fd) - 1, 0);
    close_range(static_cast<unsigned>(fd) + 1, ~0U, 0);
    body([fd](const std::string& text) { (void)!write(fd, text.data(), text.size()); });
    return 0;
  });
}

std::string Probe::hear() {
  std::array<char, 512> buffer{};
  const ssize_t size = read(reading_.get(), buffer.data(), buffer.size());
  if (size <= 0) reading_.reset();
  return size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace grader
