// course broker: the broker of this checkout, by hand.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "harness/broker.hpp"
#include "harness/broker_keeper.hpp"
#include "harness/broker_probe.hpp"
#include "harness/broker_state.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"
#include "support/program.hpp"
#include "tool/broker_logs.hpp"
#include "tool/broker_words.hpp"
#include "tool/commands.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

fs::path broker_folder() {
  return Paths::of_this_checkout().state / "broker";
}

std::string size_of_data(const fs::path& folder) {
  std::uintmax_t blocks =
      0;  // Kafka lays its index files out at full size, but empty: count what the disk holds
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    struct stat file {};
    if (stat(entry.path().c_str(), &file) == 0 && S_ISREG(file.st_mode))
      blocks += static_cast<std::uintmax_t>(file.st_blocks);
  }
  return fmt::format("{:.1f} MB", static_cast<double>(blocks) * 512 / 1e6);
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

void print_address(const Broker& broker) {
  fmt::print("The broker is at {}", broker.learner_address());
  if (broker.learner_port != 9092) fmt::print(" (9092 was taken; ./course run and ./course kafka know)");
  fmt::print(".\n");
}

int start(std::chrono::seconds idle_limit) {
  const auto folder = broker_folder();
  if (const auto broker = running_broker(folder)) {
    touch_broker(folder);
    print_address(*broker);
    fmt::print("It is already running, since {}.\n",
               for_people(std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() -
                                                                           broker->started_at)));
    return 0;
  }
  const auto begun = std::chrono::steady_clock::now();
  const auto broker =
      start_broker(Paths::of_this_checkout(), folder, {.learner_listener = true, .idle_limit = idle_limit});
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun);
  print_address(broker);
  fmt::print("Started in {:.1f} s. It ends by itself when nobody has used it for {}.\n", took.count(),
             for_people(broker.idle_limit));
  return 0;
}

int stop() {
  fmt::print("{}\n", stop_broker(broker_folder()) ? "Stopped. Its topics are kept for the next start."
                                                  : "It was not running.");
  return 0;
}

nlohmann::json status_json(const std::optional<Broker>& broker, const BrokerFiles& files) {
  nlohmann::json json{
      {"running", broker.has_value()}, {"data", files.data().string()}, {"logs", files.logs().string()}};
  if (!broker) {
    const std::string why = read_text(files.last_end());
    json["last_end"] = why.empty() ? nlohmann::json() : nlohmann::json(first_line(why));
    return json;
  }
  const auto topics = topics_of(*broker, 3s);
  const auto up =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - broker->started_at);
  json["bootstrap_servers"] = broker->learner_address();
  json["answers"] = topics.has_value();
  json["topics"] = topics ? nlohmann::json(topics->size()) : nlohmann::json();
  json["pid"] = broker->java_pid;
  json["keeper_pid"] = broker->keeper_pid;
  json["uptime_s"] = up.count();
  json["memory_bytes"] = memory_of(broker->java_pid);
  json["clients"] = client_connections({*broker});
  json["idle_limit_s"] = broker->idle_limit.count();
  return json;
}

int status(bool as_json) {
  const BrokerFiles files{broker_folder()};
  const auto broker = running_broker(files.folder);
  const auto json = status_json(broker, files);
  const Terminal terminal;
  if (as_json) {
    fmt::print("{}\n", json.dump(2));
  } else if (!broker) {
    fmt::print("{}  ./course broker start starts it; so does whatever needs it.\n",
               terminal.strong("not running"));
    const std::string why = read_text(files.last_end());
    if (!why.empty()) fmt::print("last end   {}", why);
    if (fs::exists(files.data()))
      fmt::print("topics     kept in {} ({})\n", files.data().string(), size_of_data(files.data()));
  } else {
    const bool answers = json["answers"];
    fmt::print("{}  {}\n", answers ? terminal.good("running    ") : terminal.bad("no answer  "),
               broker->learner_address());
    fmt::print("process      {} (its keeper is {}), up for {}\n", broker->java_pid, broker->keeper_pid,
               for_people(std::chrono::seconds(json["uptime_s"].get<std::int64_t>())));
    fmt::print("memory       {:.0f} MB\n", json["memory_bytes"].get<double>() / 1e6);
    if (answers)
      fmt::print("topics       {}, {} on disk\n", json["topics"].get<int>(), size_of_data(files.data()));
    fmt::print("clients      {} connections; ends when nobody has used it for {}\n",
               json["clients"].get<int>(), for_people(broker->idle_limit));
    fmt::print("logs         {}\n", files.logs().string());
    if (!answers)
      fmt::print("It is there but does not answer; ./course broker stop ends it, start brings a new one.\n");
  }
  return broker && json["answers"] ? 0 : 1;
}

int reset(bool yes) {
  const BrokerFiles files{broker_folder()};
  if (!fs::exists(files.folder)) {
    fmt::print("There is nothing to reset.\n");
    return 0;
  }
  if (!yes) {
    if (isatty(STDIN_FILENO) == 0)
      throw InfraError("reset deletes all topics of this checkout's broker; confirm with --yes");
    fmt::print("This deletes all topics of this checkout's broker ({}). Go on? [y/N] ",
               size_of_data(files.data()));
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "Y" && answer != "yes") {
      fmt::print("Nothing was deleted.\n");
      return 1;
    }
  }
  stop_broker(files.folder);
  // The lock file stays: two starts must always meet at the same one.
  for (const auto& folder : {files.data(), files.logs(), files.folder / "tmp", files.last_end()})
    fs::remove_all(folder);
  fmt::print("All topics are deleted. ./course broker start starts a new broker.\n");
  return 0;
}

}  // namespace

void add_broker_command(CLI::App& app, int& exit_code) {
  auto* broker = app.add_subcommand("broker", "start, stop and look at this checkout's broker");
  broker->require_subcommand(1);

  auto* start_command = broker->add_subcommand("start", "start it, if it is not running");
  auto idle_limit = std::make_shared<std::string>("30m");
  start_command
      ->add_option("--idle-limit", *idle_limit, "it ends when nobody has used it for so long (90s, 30m)")
      ->capture_default_str();
  start_command->callback([idle_limit, &exit_code] {
    exit_code = start(std::chrono::ceil<std::chrono::seconds>(course::parse_duration(*idle_limit)));
  });

  broker->add_subcommand("stop", "stop it; topics are kept")->callback([&exit_code] { exit_code = stop(); });

  auto* status_command =
      broker->add_subcommand("status", "how it is; exit code 0 if it runs and answers, else 1");
  auto as_json = std::make_shared<bool>(false);
  status_command->add_flag("--json", *as_json, "print it as JSON");
  status_command->callback([as_json, &exit_code] { exit_code = status(*as_json); });

  auto* logs_command = broker->add_subcommand("logs", "what it says");
  auto log_options = std::make_shared<LogOptions>();
  logs_command->add_flag("-f,--follow", log_options->follow, "go on as it says more, until Ctrl+C");
  logs_command->add_flag("--requests", log_options->requests,
                         "every request that it answered, one JSON object on a line");
  logs_command->add_option("-n,--lines", log_options->lines, "how many of the last lines")
      ->capture_default_str();
  logs_command->callback(
      [log_options, &exit_code] { exit_code = show_logs({broker_folder()}, *log_options); });

  auto* reset_command = broker->add_subcommand("reset", "stop it and delete all its topics");
  auto yes = std::make_shared<bool>(false);
  reset_command->add_flag("-y,--yes", *yes, "don't ask");
  reset_command->callback([yes, &exit_code] { exit_code = reset(*yes); });

  add_keep_command(*broker, exit_code, keep_broker);
}

}  // namespace grader
