#include "harness/broker_config.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <fstream>
#include <random>
#include <sstream>
#include <utility>

#include "harness/descriptor.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

constexpr int check_user_count = 64;

/// Whether one can listen at `address`; also true if this machine has no such address at all.
template <typename Address>
bool can_listen(const Address& address, int family) {
  const Descriptor listener(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.valid()) return true;
  const int on = 1;  // Java sets it as well: connections that are closing do not count
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return errno != EADDRINUSE && errno != EACCES;
  }
  return listen(listener.get(), 1) == 0;
}

/// Below the range from which the system takes ports for outgoing connections, so that no client's
/// connection sits on the port that we are about to use.
std::uniform_int_distribution<int> port_range() {
  int first_outgoing = 32768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first_outgoing;
  return first_outgoing > 12000 ? std::uniform_int_distribution<int>(10000, first_outgoing - 1)
                                : std::uniform_int_distribution<int>(20000, 60000);
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string read_template(const fs::path& file) {
  if (!std::ifstream(file))
    throw InfraError("can't read " + file.string() + ", a part of the course; restore it with git");
  return read_text(file);
}

}  // namespace

std::string random_cluster_id() {
  std::random_device random;
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::uniform_int_distribution<std::size_t> pick(0, letters.size() - 1);
  std::string id = "course-";
  while (id.size() < 21) id += letters[pick(random)];
  return id + 'A';  // 22 letters, of which the last holds 2 bits only
}

bool is_free(int port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(port));
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port;
  v6.sin6_addr = IN6ADDR_LOOPBACK_INIT;
  return can_listen(v4, AF_INET) && can_listen(v6, AF_INET6);
}

Ports free_ports(bool learner_listener, bool usual) {
  std::random_device random;
  auto range = port_range();
  std::array<int, 3> ports{};
  std::size_t found = 0;
  for (int tries = 0; found < ports.size() && tries < 1000; ++tries) {
    const int port = range(random);
    const bool chosen = port == ports[0] || port == ports[1] || port == usual_learner_port;
    if (!chosen && is_free(port)) ports.at(found++) = port;
  }
  if (found < ports.size()) {
    throw InfraError(
        "no free port found on 127.0.0.1 in 1000 tries; does something forbid programs to listen there (a "
        "sandbox, "
        "a security policy)?");
  }
  Ports result{.learner = learner_listener ? ports[0] : 0, .grader = ports[1], .controller = ports[2]};
  if (learner_listener && usual && is_free(usual_learner_port)) result.learner = usual_learner_port;
  return result;
}

std::string random_password() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

Broker fresh_broker(const BrokerFiles& files, const Ports& ports) {
  Broker broker{.learner_port = ports.learner,
                .grader_port = ports.grader,
                .admin = {.user = "admin", .password = random_password()},
                .check_users = {},
                .logs = files.logs(),
                .started_at = {}};
  for (int i = 0; i < check_user_count; ++i) {
    broker.check_users.push_back({.user = fmt::format("check{:02}", i), .password = random_password()});
  }
  return broker;
}

void write_properties(const BrokerFiles& files, const fs::path& infra, const Broker& broker,
                      const Ports& ports, const std::string& more) {
  std::string text =
      read_template(infra / "broker.properties") + read_template(infra / "embedded.properties.in");
  if (broker.learner_port != 0) text += read_template(infra / "learner.properties.in");
  std::string users;
  for (const auto& [user, password] : broker.check_users) {
    users += fmt::format("{}user_{}=\"{}\"", users.empty() ? "" : " ", user, password);
  }
  const std::array values{std::pair{"@LOG_DIR@", files.data().filename().string()},
                          std::pair{"@LEARNER_PORT@", std::to_string(ports.learner)},
                          std::pair{"@GRADER_PORT@", std::to_string(ports.grader)},
                          std::pair{"@CONTROLLER_PORT@", std::to_string(ports.controller)},
                          std::pair{"@ADMIN_PASSWORD@", broker.admin.password},
                          std::pair{"@CHECK_USERS@", users}};
  for (const auto& [name, value] : values) replace_all(text, name, value);
  write_private(files.folder / "server.properties", text + more);
  write_private(files.folder / "log4j2.properties", read_template(infra / "log4j2.properties"));
}

bool make_data(const BrokerFiles& files, const fs::path& formatted, int node, const std::string& cluster_id) {
  if (fs::exists(files.data() / "meta.properties")) return false;
  const fs::path draft = files.folder / "data.new";
  try {
    fs::remove_all(files.data());
    fs::remove_all(draft);
    fs::copy(formatted, draft, fs::copy_options::recursive);
    std::istringstream old(read_template(formatted / "meta.properties"));
    std::string text;
    for (std::string line; std::getline(old, line);) {
      // It names one folder of the cluster; Kafka gives a new one to a folder that has none.
      if (node != 1 && line.starts_with("directory.id=")) continue;
      if (line.starts_with("cluster.id=")) line = "cluster.id=" + cluster_id;
      if (line.starts_with("node.id=")) line = fmt::format("node.id={}", node);
      text += line + '\n';
    }
    write_private(draft / "meta.properties", text);
    fs::rename(draft, files.data());  // whole or not at all
  } catch (const fs::filesystem_error& error) {
    throw InfraError(file_error("make the broker's data folder", files.data(), error.code().value()));
  }
  return true;
}

}  // namespace grader
