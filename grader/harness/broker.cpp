#include "harness/broker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/broker_java.hpp"
#include "harness/broker_process.hpp"
#include "harness/broker_state.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How often to look whether another process has got on, where nothing tells us.
constexpr auto look_again = 5ms;

BrokerFiles make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::create_directories(BrokerFiles{folder}.logs(), error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) throw InfraError(file_error("make the broker's folder", folder, error.value()));
  return {fs::canonical(folder)};
}

/// Starts a keeper and returns what it says of its start; nothing if it ended without a word.
std::optional<nlohmann::json> start_keeper(const Paths& paths, const BrokerFiles& files,
                                           const BrokerOptions& options, const KafkaInstallation& kafka) {
  const fs::path program = paths.build / "bin/course";
  if (access(program.c_str(), X_OK) != 0) {
    throw InfraError("the course's program " + program.string() + " is missing; ./course builds it");
  }
  std::vector<std::string> command{program.string(),
                                   "broker",
                                   "keep",
                                   "--folder",
                                   files.folder.string(),
                                   "--infra",
                                   (paths.root / "infra").string(),
                                   "--java",
                                   kafka.java.string(),
                                   "--prepared",
                                   kafka.prepared.string(),
                                   "--idle-limit",
                                   fmt::format("{}s", options.idle_limit.count())};
  if (!options.learner_listener) command.emplace_back("--no-learner-listener");
  const Descriptor keeper = start_detached(command, files.keeper_log());
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t size = read(keeper.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  const auto said = nlohmann::json::parse(text, nullptr, false);
  return said.is_object() ? std::optional(said) : std::nullopt;
}

/// The broker that runs already, if it is what the caller wants.
Broker checked(const Broker& broker, const fs::path& folder, const BrokerOptions& options) {
  if (options.learner_listener != (broker.learner_port != 0)) {
    throw InfraError(fmt::format(
        "the broker in {} runs {} a listener for learners, contrary to what is needed here; stop it first",
        folder.string(), broker.learner_port != 0 ? "with" : "without"));
  }
  touch_broker(folder);
  return broker;
}

/// The keeper's process, once it has written its number into the lock file; nothing if there is none.
std::optional<pid_t> keeper_of(const BrokerFiles& files) {
  for (const auto deadline = Clock::now() + 2s; BrokerLock::is_held(files, Holder::keeper);) {
    const auto pid = BrokerLock::signature(files);
    // A number from an earlier life may be somebody else's by now.
    if (pid && command_line(*pid).find(files.folder.string() + char{}) != std::string::npos) return pid;
    if (Clock::now() > deadline) {
      throw InfraError(
          fmt::format("somebody holds {}, but no process here is the broker's keeper. Is it shared with a "
                      "container or another machine? COURSE_STATE_DIR names another folder",
                      files.lock().string()));
    }
    std::this_thread::sleep_for(look_again);
  }
  return std::nullopt;
}

bool nobody_is_left(const BrokerFiles& files) {
  return !BrokerLock::is_held(files, Holder::keeper) && !BrokerLock::is_held(files, Holder::java);
}

}  // namespace

std::optional<Broker> running_broker(const fs::path& folder) {
  const BrokerFiles files{fs::absolute(folder)};
  if (!BrokerLock::is_held(files, Holder::keeper) || !BrokerLock::is_held(files, Holder::java))
    return std::nullopt;
  return read_state(files);
}

Broker start_broker(const Paths& paths, const fs::path& folder, const BrokerOptions& options) {
  if (const auto broker = running_broker(folder)) return checked(*broker, folder, options);
  const BrokerFiles files = make_folder(folder);
  const KafkaInstallation kafka = prepare_kafka(paths);
  touch_broker(files.folder);
  const auto deadline = Clock::now() + 2min;
  while (Clock::now() < deadline) {
    const auto said = start_keeper(paths, files, options, kafka);
    if (!said) {
      throw InfraError("the broker's keeper ended without a word; see " + files.keeper_log().string());
    }
    if (said->contains("error"))
      throw InfraError("the broker did not start: " + said->at("error").get<std::string>());
    // If another process is starting this broker, it ends in a state file, or with the lock free again.
    while (Clock::now() < deadline) {
      if (const auto broker = running_broker(files.folder)) return checked(*broker, folder, options);
      if (!BrokerLock::is_held(files, Holder::keeper)) break;
      std::this_thread::sleep_for(look_again);
    }
  }
  throw InfraError(
      fmt::format("the broker in {} neither starts nor ends; see {}, and try ./course broker stop",
                  files.folder.string(), files.keeper_log().string()));
}

bool stop_broker(const fs::path& folder) {
  if (!fs::exists(BrokerFiles{folder}.lock())) return false;
  const BrokerFiles files{fs::canonical(folder)};
  const auto pid = keeper_of(files);
  if (pid) {
    const Descriptor keeper = open_process(*pid);
    kill(*pid, SIGTERM);
    // It gives Java ten seconds. Java dies with it, so killing the keeper leaves nothing behind either.
    if (!has_ended_within(keeper, 15s)) {
      kill(*pid, SIGKILL);
      has_ended_within(keeper, 5s);
    }
  }
  const auto deadline = Clock::now() + 10s;
  while (!nobody_is_left(files) && Clock::now() < deadline) std::this_thread::sleep_for(look_again);
  if (!nobody_is_left(files)) {
    throw InfraError(
        fmt::format("a process of the broker in {} does not end; find it: ps -ef | grep kafka.Kafka",
                    files.folder.string()));
  }
  fs::remove(files.state());
  return pid.has_value();
}

void touch_broker(const fs::path& folder) {
  const Descriptor file(open(BrokerFiles{folder}.used().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (file.valid()) futimens(file.get(), nullptr);
}

}  // namespace grader
