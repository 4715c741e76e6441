#include "harness/keeper_start.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "harness/broker_process.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How often to look whether another process has got on, where nothing tells us.
constexpr auto look_again = 5ms;

/// Starts a keeper and returns what it says of its start; nothing if it ended without a word.
std::optional<nlohmann::json> hear_keeper(const std::vector<std::string>& command, const BrokerFiles& files) {
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

BrokerFiles make_keeper_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::create_directories(BrokerFiles{folder}.logs(), error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) throw InfraError(file_error("make the broker's folder", folder, error.value()));
  return {fs::canonical(folder)};
}

std::vector<std::string> keep_command(const Paths& paths, const std::string& what, const BrokerFiles& files,
                                      const KafkaInstallation& kafka, std::chrono::seconds idle_limit) {
  const fs::path program = paths.build / "bin/course";
  if (access(program.c_str(), X_OK) != 0) {
    throw InfraError("the course's program " + program.string() + " is missing; ./course builds it");
  }
  return {program.string(),
          what,
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
          fmt::format("{}s", idle_limit.count())};
}

void start_keeper(const std::vector<std::string>& command, const BrokerFiles& files, const std::string& what,
                  const std::function<bool()>& is_running) {
  const auto deadline = Clock::now() + 2min;
  while (Clock::now() < deadline) {
    const auto said = hear_keeper(command, files);
    if (!said) {
      throw InfraError(
          fmt::format("the {}'s keeper ended without a word; see {}", what, files.keeper_log().string()));
    }
    if (said->contains("error"))
      throw InfraError(fmt::format("the {} did not start: {}", what, said->at("error").get<std::string>()));
    // If another process is starting it, that ends in a state file, or with the lock free again.
    while (Clock::now() < deadline) {
      if (is_running()) return;
      if (!BrokerLock::is_held(files, Holder::keeper)) break;
      std::this_thread::sleep_for(look_again);
    }
  }
  throw InfraError(fmt::format("the {0} in {1} neither starts nor ends; see {2}, and try ./course {0} stop",
                               what, files.folder.string(), files.keeper_log().string()));
}

bool stop_keeper(const BrokerFiles& given, const std::string& what) {
  if (!fs::exists(given.lock())) return false;
  const BrokerFiles files{fs::canonical(given.folder)};
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
    throw InfraError(fmt::format("a process of the {} in {} does not end; find it: ps -ef | grep kafka.Kafka",
                                 what, files.folder.string()));
  }
  fs::remove(files.state());
  return pid.has_value();
}

}  // namespace grader
