#include "harness/broker_cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/broker_java.hpp"
#include "harness/broker_probe.hpp"
#include "harness/broker_process.hpp"
#include "harness/broker_state.hpp"
#include "harness/infra_error.hpp"
#include "harness/keeper_start.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How often to look whether a process has got on, where nothing tells us.
constexpr auto look_again = 3ms;
/// A signal takes effect at once; only a machine that hangs takes longer.
constexpr auto signal_limit = 5s;

std::string joined(const std::vector<Broker>& brokers,
                   const std::function<std::string(const Broker&)>& text) {
  std::string all;
  for (const auto& broker : brokers) all += (all.empty() ? "" : ",") + text(broker);
  return all;
}

/// The state letter of a process, as proc(5) has it; 0 if it has ended.
char process_state(int pid) {
  const std::string text = read_text("/proc/" + std::to_string(pid) + "/stat");
  const auto name_ends = text.rfind(") ");  // the name may hold anything
  return name_ends == std::string::npos || name_ends + 2 >= text.size() ? '\0' : text[name_ends + 2];
}

template <typename Condition>
void wait_for(const Condition& condition, const std::string& what) {
  for (const auto deadline = Clock::now() + signal_limit; !condition();) {
    if (Clock::now() > deadline) throw InfraError(what);
    std::this_thread::sleep_for(look_again);
  }
}

BrokerCluster require_cluster(const fs::path& folder) {
  if (auto cluster = running_cluster(folder)) return *cluster;
  throw InfraError("no cluster is running; start it with ./course cluster start");
}

/// Sends a signal to a living broker, and to nobody who got its number later.
const Broker& signal_broker(const BrokerCluster& cluster, int number, int signal) {
  if (number < 1 || number > static_cast<int>(cluster.brokers.size()))
    throw std::invalid_argument(
        fmt::format("there is no broker {}; there are 1 to {}", number, cluster.brokers.size()));
  const Broker& broker = cluster.broker(number);
  const Descriptor process = broker.java_pid != 0 ? open_process(broker.java_pid) : Descriptor();
  if (!process.valid() || command_line(broker.java_pid).find("kafka.Kafka") == std::string::npos)
    throw InfraError(
        fmt::format("broker {} is not running; ./course cluster resume {} starts it", number, number));
  kill(broker.java_pid, signal);
  return broker;
}

BrokerCluster checked(const BrokerCluster& cluster, const fs::path& folder, const BrokerOptions& options) {
  const bool has_listener = cluster.brokers.front().learner_port != 0;
  if (options.learner_listener != has_listener) {
    throw InfraError(
        fmt::format("the cluster in {} runs {} listeners for learners, contrary to what is "
                    "needed here; stop it first",
                    folder.string(), has_listener ? "with" : "without"));
  }
  touch_broker(folder);
  return cluster;
}

}  // namespace

std::string BrokerCluster::learner_address() const {
  return joined(brokers, [](const Broker& broker) { return broker.learner_address(); });
}

std::string BrokerCluster::grader_address() const {
  return joined(brokers, [](const Broker& broker) { return broker.grader_address(); });
}

fs::path node_folder(const fs::path& folder, int number) {
  return folder / (number == controller_number ? "controller" : fmt::format("broker-{}", number));
}

std::optional<BrokerCluster> running_cluster(const fs::path& folder) {
  const BrokerFiles files{fs::absolute(folder)};
  if (!BrokerLock::is_held(files, Holder::keeper) || !BrokerLock::is_held(files, Holder::java))
    return std::nullopt;
  try {
    const auto json = nlohmann::json::parse(read_text(files.state()));
    BrokerCluster cluster{
        .keeper_pid = json.at("keeper_pid"), .controller_pid = json.at("controller_pid"), .brokers = {}};
    for (const auto& entry : json.at("brokers")) {
      cluster.brokers.push_back(broker_from(entry));
      const int number = static_cast<int>(cluster.brokers.size());
      cluster.brokers.back().logs = BrokerFiles{node_folder(files.folder, number)}.logs();
    }
    if (cluster.brokers.empty()) return std::nullopt;
    return cluster;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

BrokerCluster start_cluster(const Paths& paths, const fs::path& folder, const BrokerOptions& options) {
  if (const auto cluster = running_cluster(folder)) return checked(*cluster, folder, options);
  const BrokerFiles files = make_keeper_folder(folder);
  const KafkaInstallation kafka = prepare_kafka(paths);
  touch_broker(files.folder);
  auto command = keep_command(paths, "cluster", files, kafka, options.idle_limit);
  if (!options.learner_listener) command.emplace_back("--no-learner-listener");
  start_keeper(command, files, "cluster", [&] { return running_cluster(files.folder).has_value(); });
  return checked(require_cluster(files.folder), folder, options);
}

bool stop_cluster(const fs::path& folder) {
  return stop_keeper({folder}, "cluster");
}

fs::path cluster_use_lock(const fs::path& folder) {
  return folder.string() + "-use.lock";
}

void kill_broker(const fs::path& folder, int number) {
  signal_broker(require_cluster(folder), number, SIGKILL);
  wait_for([&] { return require_cluster(folder).broker(number).java_pid == 0; },
           fmt::format("broker {} was killed, and the cluster's keeper takes no notice", number));
}

void pause_broker(const fs::path& folder, int number) {
  const BrokerCluster cluster = require_cluster(folder);
  const Broker& broker = signal_broker(cluster, number, SIGSTOP);
  wait_for([&] { return is_paused(broker); }, fmt::format("broker {} does not stop", number));
}

void resume_broker(const fs::path& folder, int number) {
  signal_broker(require_cluster(folder), number, SIGCONT);
}

bool is_paused(const Broker& broker) {
  return broker.java_pid != 0 && process_state(broker.java_pid) == 'T';
}

bool revive_brokers(const fs::path& folder) {
  const BrokerCluster cluster = require_cluster(folder);
  const bool ill = std::ranges::any_of(
      cluster.brokers, [](const Broker& broker) { return broker.java_pid == 0 || is_paused(broker); });
  if (ill) kill(cluster.keeper_pid, SIGUSR1);
  return ill;
}

BrokerCluster wait_until_whole(const fs::path& folder, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (true) {
    const BrokerCluster cluster = require_cluster(folder);
    const bool alive = std::ranges::all_of(cluster.brokers, [](const Broker& broker) {
      return broker.java_pid != 0 && !is_paused(broker) && accepts_connections(broker.grader_port);
    });
    const auto knows_all = [](const Broker& broker) {
      return brokers_known_to(broker, 500ms) == cluster_size;
    };
    if (alive && std::ranges::all_of(cluster.brokers, knows_all)) return cluster;
    if (Clock::now() > deadline) {
      throw InfraError(fmt::format("the cluster is not whole again after {} ms; see ./course cluster status",
                                   limit.count()));
    }
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace grader
