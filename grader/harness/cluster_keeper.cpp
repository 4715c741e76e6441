#include "harness/cluster_keeper.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/broker_autopsy.hpp"
#include "harness/broker_cluster.hpp"
#include "harness/broker_config.hpp"
#include "harness/broker_probe.hpp"
#include "harness/infra_error.hpp"
#include "harness/keeper_common.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int start_attempts = 5;  // each with other ports

/// The controller holds the names of topics and little else.
const std::vector<std::string> controller_flags{"-Xmx128m", "-Xms40m", "-Xmn16m"};

/// One process of the cluster.
struct Node {
  int number = 0;
  BrokerFiles files;
  Broker broker{};  ///< Ports and users; `java_pid` is 0 while it does not live.
  Ports ports{};
  std::optional<Child> java{};
  std::uintmax_t log_start = 0;  ///< Where this life's lines begin in server.log.

  [[nodiscard]] bool is_controller() const { return number == controller_number; }
};

std::uintmax_t size_or_zero(const fs::path& file) {
  std::error_code none;
  const auto size = fs::file_size(file, none);
  return none ? 0 : size;
}

/// The id that the nodes of this folder have already, or a new one.
std::string cluster_id_of(const fs::path& folder) {
  std::istringstream lines(read_text(BrokerFiles{node_folder(folder, 1)}.data() / "meta.properties"));
  constexpr std::string_view field = "cluster.id=";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(field)) return line.substr(field.size());
  }
  return random_cluster_id();
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from))
    text.replace(at, from.size(), to);
}

void probe(const std::vector<Broker>& brokers, const Probe::Say& say) {
  for (const auto& broker : brokers) {
    for (const int port : {broker.grader_port, broker.learner_port}) {
      while (port != 0 && !accepts_connections(port)) std::this_thread::sleep_for(3ms);
    }
  }
  for (const auto& broker : brokers) {
    while (!answers_everywhere(broker, 1s) || brokers_known_to(broker, 1s) != cluster_size)
      std::this_thread::sleep_for(20ms);
  }
  say("ready\n");
}

class ClusterKeeper {
 public:
  explicit ClusterKeeper(const KeeperOptions& options) : options_(options), files_{options.folder} {
    for (int number = 1; number <= cluster_size; ++number) add_node(number);
    add_node(controller_number);
  }

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
      close(report_descriptor);
    } catch (const std::exception& error) {
      log_line(std::string("start failed: ") + error.what());
      end_nodes();
      leave_note(files_, lock_, error.what());
      report_start({{"error", error.what()}});
      return 2;
    }
    const std::string why = supervise();
    log_line("ending: " + why);
    end_nodes();
    leave_note(files_, lock_, why);
    log_line("ended");
    return 0;
  }

 private:
  void add_node(int number) {
    nodes_.push_back({.number = number, .files = {node_folder(files_.folder, number)}});
  }

  [[nodiscard]] std::vector<Broker> brokers() const {
    std::vector<Broker> list;
    for (const auto& node : nodes_) {
      if (!node.is_controller()) list.push_back(node.broker);
    }
    return list;
  }

  Node& controller() { return nodes_.back(); }

  void start() {
    java_lock_ = lock_for_java(files_);
    const std::string cluster_id = cluster_id_of(files_.folder);
    for (const auto& node : nodes_) {
      fs::create_directories(node.files.logs());
      make_data(node.files, options_.kafka.formatted(), node.number, cluster_id);
      fs::remove_all(node.files.folder / "tmp");
      fs::create_directories(node.files.folder / "tmp");
    }
    for (int attempt = 1;; ++attempt) {
      const auto trouble = try_to_start();
      if (!trouble) break;
      end_nodes();
      log_line(trouble->text);
      if (!trouble->port_taken || attempt == start_attempts) throw InfraError(trouble->text);
    }
    write_down();
    log_line("ready");
  }

  std::optional<Autopsy> try_to_start() {
    choose_ports();
    for (auto& node : nodes_) start_java(node);
    Probe life([list = brokers()](const Probe::Say& say) { probe(list, say); });
    const auto deadline = Clock::now() + java_start_limit;
    while (Clock::now() < deadline) {
      std::vector<pollfd> polled = descriptors();
      polled.push_back({.fd = life.descriptor(), .events = POLLIN, .revents = 0});
      poll(polled.data(), polled.size(), 1000);
      if (polled.front().revents != 0) throw InfraError("it was told to stop while it started");
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (polled[i + 1].revents != 0) return autopsy(nodes_[i]);
      }
      if (polled.back().revents != 0 && life.hear().starts_with("ready")) return std::nullopt;
    }
    throw InfraError(fmt::format("the cluster did not answer within {}; what its nodes said is in {}/*/logs",
                                 readable(java_start_limit), files_.folder.string()));
  }

  void choose_ports() {
    Broker users;  // the same for all: a client logs in anywhere
    std::vector<int> taken;
    const auto is_taken = [&](int port) {
      return port != 0 && std::ranges::find(taken, port) != taken.end();
    };
    for (auto& node : nodes_) {
      do {
        node.ports = free_ports(options_.learner_listener && !node.is_controller(), false);
      } while (is_taken(node.ports.learner) || is_taken(node.ports.grader) ||
               is_taken(node.ports.controller));
      taken.insert(taken.end(), {node.ports.learner, node.ports.grader, node.ports.controller});
      node.broker = fresh_broker(node.files, node.ports);
      if (users.check_users.empty()) users = node.broker;
      node.broker.admin = users.admin;
      node.broker.check_users = users.check_users;
      node.broker.keeper_pid = getpid();
      node.broker.idle_limit = options_.idle_limit;
    }
    for (auto& node : nodes_) node.ports.controller = controller().ports.controller;
  }

  /// The lines by which a node differs from the one broker that is everything.
  [[nodiscard]] std::string properties_of(const Node& node) const {
    std::string text = read_text(options_.infra / "cluster.properties.in");
    if (text.empty()) throw InfraError("infra/cluster.properties.in is missing; restore it with git");
    std::string listeners = fmt::format("CONTROLLER://127.0.0.1:{}", node.ports.controller);
    if (!node.is_controller()) {
      listeners = fmt::format("GRADER://127.0.0.1:{}", node.ports.grader);
      if (node.ports.learner != 0) listeners += fmt::format(",LEARNER://127.0.0.1:{}", node.ports.learner);
    }
    replace(text, "@ROLE@", node.is_controller() ? "controller" : "broker");
    replace(text, "@NODE@", std::to_string(node.number));
    replace(text, "@LISTENERS@", listeners);
    replace(text, "@CONTROLLER@", std::to_string(controller_number));
    replace(text, "@CONTROLLER_PORT@", std::to_string(node.ports.controller));
    return text;
  }

  void start_java(Node& node) {
    write_properties(node.files, options_.infra, node.broker, node.ports, properties_of(node));
    node.log_start = size_or_zero(node.files.server_log());
    node.java.reset();
    node.java.emplace(kafka_process(options_.kafka, node.files, *java_lock_,
                                    node.is_controller() ? controller_flags : std::vector<std::string>{}));
    node.broker.java_pid = node.java->pid();
    node.broker.started_at = std::chrono::system_clock::now();
  }

  void write_down() {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& broker : brokers()) list.push_back(to_json(broker));
    write_state_file(
        files_,
        {{"keeper_pid", getpid()}, {"controller_pid", controller().broker.java_pid}, {"brokers", list}});
  }

  /// The signals' descriptor, then one for each node; poll leaves those of the dead out.
  [[nodiscard]] std::vector<pollfd> descriptors() const {
    std::vector<pollfd> polled{{.fd = signals_.get(), .events = POLLIN, .revents = 0}};
    for (const auto& node : nodes_) {
      const int fd = node.broker.java_pid != 0 ? node.java->process().get() : -1;
      polled.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    }
    return polled;
  }

  /// Watches until there is a reason to end, and returns it.
  std::string supervise() {
    const auto tick = std::clamp<Clock::duration>(options_.idle_limit / 10, 50ms, 1s);
    Usage usage(files_, options_.idle_limit, [this] { return client_connections(brokers()); });
    while (true) {
      auto polled = descriptors();
      poll(polled.data(), polled.size(),
           static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(tick).count()));
      if (polled.front().revents != 0) {
        const auto signal = next_signal(signals_);
        if (signal.number != SIGUSR1)
          return fmt::format("stopped (signal {} from process {})", signal.number, signal.sender);
        revive();
      }
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (polled[i + 1].revents == 0) continue;
        const auto found = autopsy(nodes_[i]);
        if (nodes_[i].is_controller()) return "the controller is dead: " + found.text;
        log_line(fmt::format("broker {}: {}", nodes_[i].number, found.text));
        write_down();
      }
      if (!lock_->in_place(files_)) return "its folder was removed";
      if (usage.is_idle()) return "nobody used it for " + readable(options_.idle_limit);
    }
  }

  void revive() {
    for (auto& node : nodes_) {
      if (node.is_controller()) continue;
      if (node.broker.java_pid != 0) {
        node.java->signal(SIGCONT);
        continue;
      }
      try {
        start_java(node);
        log_line(fmt::format("broker {} starts again", node.number));
      } catch (const std::exception& error) {
        log_line(fmt::format("broker {} can't be started: {}", node.number, error.what()));
      }
    }
    write_down();
  }

  /// Of a node whose Java has ended; from now on it counts as dead.
  static Autopsy autopsy(Node& node) {
    node.broker.java_pid = 0;
    return examine(node.files, node.log_start, node.java->wait());
  }

  /// Brokers first: they hand over and tell the controller, which must still be there for that.
  void end_nodes() {
    if (lock_ && lock_->in_place(files_)) fs::remove(files_.state());  // from now on nobody shall count on it
    for (auto& node : nodes_) {
      if (!node.java || node.is_controller()) continue;
      node.java->signal(SIGCONT);
      node.java->signal(SIGTERM);
    }
    for (auto& node : nodes_) {
      if (!node.java) continue;
      if (node.is_controller()) node.java->signal(SIGTERM);
      if (!has_ended_within(node.java->process(), java_stop_limit)) {
        log_line(fmt::format("node {} does not end, killing it", node.number));
        node.java->signal(SIGKILL);
      }
      node.java->wait();
      node.java.reset();
      node.broker.java_pid = 0;
    }
  }

  const KeeperOptions options_;
  const BrokerFiles files_;
  std::optional<BrokerLock> lock_;
  std::optional<BrokerLock> java_lock_;
  Descriptor signals_;
  std::vector<Node> nodes_;  ///< The brokers in their order, then the controller.
};

}  // namespace

int keep_cluster(const KeeperOptions& options) {
  become_keeper();
  return ClusterKeeper(options).run();
}

}  // namespace grader
