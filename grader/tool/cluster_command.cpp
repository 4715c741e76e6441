// course cluster: three brokers to kill and to pause, by hand.

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "harness/broker_cluster.hpp"
#include "harness/broker_state.hpp"
#include "harness/cluster_keeper.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"
#include "support/program.hpp"
#include "tool/broker_words.hpp"
#include "tool/commands.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// How long the brokers may take to be whole again; usual are three seconds.
constexpr auto recovery_limit = 60s;

fs::path cluster_folder() {
  return Paths::of_this_checkout().state / "cluster";
}

std::string state_of(const Broker& broker) {
  if (broker.java_pid == 0) return "dead";
  return is_paused(broker) ? "paused" : "running";
}

int start(std::chrono::seconds idle_limit) {
  const auto begun = std::chrono::steady_clock::now();
  const bool ran = running_cluster(cluster_folder()).has_value();
  auto cluster = start_cluster(Paths::of_this_checkout(), cluster_folder(),
                               {.learner_listener = true, .idle_limit = idle_limit});
  const bool revived = ran && revive_brokers(cluster_folder());
  if (revived) cluster = wait_until_whole(cluster_folder(), recovery_limit);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  fmt::print("The cluster is at {}.\n", cluster.learner_address());
  if (revived) {
    fmt::print("It was running; all its brokers live again after {:.1f} s.\n", took.count());
  } else if (ran) {
    fmt::print("It is already running.\n");
  } else {
    fmt::print("Started in {:.1f} s. It ends by itself when nobody has used it for {}.\n", took.count(),
               for_people(cluster.brokers.front().idle_limit));
  }
  return 0;
}

int stop() {
  fmt::print("{}\n", stop_cluster(cluster_folder()) ? "Stopped. Its topics are kept for the next start."
                                                    : "It was not running.");
  return 0;
}

int status(bool as_json) {
  const auto cluster = running_cluster(cluster_folder());
  if (!cluster) {
    const std::string why = read_text(BrokerFiles{cluster_folder()}.last_end());
    if (as_json) {
      fmt::print("{}\n", nlohmann::json{{"running", false}}.dump(2));
    } else {
      fmt::print("not running  ./course cluster start starts it; so does whatever needs it.\n");
      if (!why.empty()) fmt::print("last end     {}", why);
    }
    return 1;
  }
  const Terminal terminal;
  nlohmann::json list = nlohmann::json::array();
  std::uint64_t memory = memory_of(cluster->controller_pid);
  bool whole = true;
  std::string lines;
  for (int number = 1; number <= static_cast<int>(cluster->brokers.size()); ++number) {
    const Broker& broker = cluster->broker(number);
    const std::string state = state_of(broker);
    const std::uint64_t own = broker.java_pid == 0 ? 0 : memory_of(broker.java_pid);
    memory += own;
    whole = whole && state == "running";
    list.push_back({{"broker", number},
                    {"state", state},
                    {"bootstrap_servers", broker.learner_address()},
                    {"pid", broker.java_pid},
                    {"memory_bytes", own}});
    const std::string shown = fmt::format("{:<8}", state);
    lines += fmt::format("broker {}     {} {}  {:.0f} MB\n", number,
                         state == "running" ? terminal.good(shown) : terminal.bad(shown),
                         broker.learner_address(), static_cast<double>(own) / 1e6);
  }
  if (as_json) {
    fmt::print("{}\n", nlohmann::json{{"running", true},
                                      {"bootstrap_servers", cluster->learner_address()},
                                      {"brokers", list},
                                      {"memory_bytes", memory}}
                           .dump(2));
  } else {
    fmt::print("{}controller   running  {:.0f} MB\n", lines,
               static_cast<double>(memory_of(cluster->controller_pid)) / 1e6);
    fmt::print("memory       {:.0f} MB in all\n", static_cast<double>(memory) / 1e6);
    fmt::print("logs         {}/broker-N/logs\n", cluster_folder().string());
  }
  return whole ? 0 : 1;
}

/// Does something to a broker, unless a check relies on it right now.
int handle(int number, const char* done, void (*action)(const fs::path&, int)) {
  const auto mine = FileLock::try_to_get(cluster_use_lock(cluster_folder()));
  if (!mine) throw InfraError("a check is using the cluster; try again when it is done");
  action(cluster_folder(), number);
  fmt::print("Broker {} {}.\n", number, done);
  return 0;
}

void resume_or_restart(const fs::path& folder, int number) {
  const auto cluster = running_cluster(folder);
  if (!cluster) throw InfraError("no cluster is running; start it with ./course cluster start");
  if (number >= 1 && number <= cluster_size && cluster->broker(number).java_pid == 0) {
    revive_brokers(folder);
    wait_until_whole(folder, recovery_limit);
  } else {
    resume_broker(folder, number);
  }
}

}  // namespace

void add_cluster_command(CLI::App& app, int& exit_code) {
  auto* cluster = app.add_subcommand("cluster", "three brokers to kill and to pause (phase 6)");
  cluster->require_subcommand(1);

  auto* start_command = cluster->add_subcommand("start", "start it, and whichever of its brokers is dead");
  auto idle_limit = std::make_shared<std::string>("15m");
  start_command
      ->add_option("--idle-limit", *idle_limit, "it ends when nobody has used it for so long (90s, 30m)")
      ->capture_default_str();
  start_command->callback([idle_limit, &exit_code] {
    exit_code = start(std::chrono::ceil<std::chrono::seconds>(course::parse_duration(*idle_limit)));
  });

  cluster->add_subcommand("stop", "stop it; topics are kept")->callback([&exit_code] { exit_code = stop(); });

  auto* status_command =
      cluster->add_subcommand("status", "how its brokers are; exit code 0 if all of them run, else 1");
  auto as_json = std::make_shared<bool>(false);
  status_command->add_flag("--json", *as_json, "print it as JSON");
  status_command->callback([as_json, &exit_code] { exit_code = status(*as_json); });

  struct Action {
    const char* name;
    const char* help;
    const char* done;
    void (*action)(const fs::path&, int);
  };
  for (const auto& one :
       {Action{"kill", "kill -9 a broker; what it had not passed on is in its log only", "is dead",
               kill_broker},
        Action{"pause", "stop a broker's clock: it lives and says nothing", "is paused", pause_broker},
        Action{"resume", "let a paused broker go on, or start a dead one again", "runs",
               resume_or_restart}}) {
    auto* command = cluster->add_subcommand(one.name, one.help);
    auto number = std::make_shared<int>(0);
    command->add_option("broker", *number, "1, 2 or 3")->required()->check(CLI::Range(1, cluster_size));
    command->callback([number, one, &exit_code] { exit_code = handle(*number, one.done, one.action); });
  }

  add_keep_command(*cluster, exit_code, keep_cluster);
}

}  // namespace grader
