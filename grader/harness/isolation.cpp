#include "harness/isolation.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include "harness/command.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

constexpr std::array tiers{Tier::sandbox, Tier::open_network, Tier::pid_namespace, Tier::process_group};
constexpr auto* scratch_bytes = "67108864";  // for /tmp, in memory

const char* variable(const char* name) {
  return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables at run time
}

/// bubblewrap's arguments: a file system with the system's programs and libraries, `files`, and a small
/// writable /tmp.
std::vector<std::string> sandbox(Tier tier, const std::vector<fs::path>& files) {
  std::vector<std::string> command{"/usr/bin/bwrap",      "--die-with-parent", "--as-pid-1", "--unshare-pid",
                                   "--unshare-ipc",       "--unshare-uts",     "--hostname", "course",
                                   "--unshare-cgroup-try"};
  const auto add = [&](const std::vector<std::string>& more) {
    command.insert(command.end(), more.begin(), more.end());
  };
  if (tier == Tier::sandbox) add({"--unshare-net"});
  // As root bubblewrap would keep all capabilities; course-launch needs these, and drops them.
  if (geteuid() == 0) add({"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"});
  add({"--ro-bind", "/usr", "/usr"});
  for (const fs::path folder : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    if (fs::is_symlink(folder)) {
      add({"--symlink", fs::read_symlink(folder).string(), folder.string()});
    } else if (fs::exists(folder)) {
      add({"--ro-bind", folder.string(), folder.string()});
    }
  }
  for (const char* name : {"ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "hosts",
                           "nsswitch.conf", "resolv.conf", "localtime", "ssl/certs", "ssl/openssl.cnf"}) {
    add({"--ro-bind-try", fmt::format("/etc/{}", name), fmt::format("/etc/{}", name)});
  }
  add({"--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", scratch_bytes, "--tmpfs", "/tmp"});
  add({"--perms", "1777", "--size", scratch_bytes, "--tmpfs", "/dev/shm"});
  std::vector<fs::path> shown{COURSE_CLIENT_LIBRARIES};  // a librdkafka need not be the system's
  shown.insert(shown.end(), files.begin(), files.end());
  for (const auto& file : shown) {
    if (file.string().starts_with("/usr/")) continue;
    fs::path folder = "/";
    for (const auto& part : file.relative_path().parent_path()) {  // else for their owner only
      folder /= part;
      if (folder != "/tmp") add({"--perms", "0755", "--dir", folder.string()});
    }
    add({"--ro-bind", file.string(), file.string()});
  }
  add({"--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"});
  return command;
}

std::vector<std::string> wrapper(Tier tier, const std::vector<fs::path>& files) {
  switch (tier) {
    case Tier::sandbox:
    case Tier::open_network:
      return sandbox(tier, files);
    case Tier::pid_namespace:
      if (geteuid() == 0) return {"/usr/bin/unshare", "--pid", "--fork", "--kill-child"};
      return {"/usr/bin/unshare", "--user", "--map-current-user", "--pid", "--fork", "--kill-child"};
    case Tier::process_group:
      break;
  }
  return {};
}

bool works(const Confinement& confinement) {
  const auto command =
      command_line(confinement, {.files = {},
                                 .broker_ports = {9092},  // any: nobody else is there
                                 .user = confinement.another_user ? user_of_programs() : 0,
                                 .options = {},
                                 .program = {confinement.launcher.string(), "--", "/bin/true"}});
  return (!fs::path(command.front()).is_absolute() || fs::exists(command.front())) &&
         run_command(command).exit_code == 0;
}

}  // namespace

std::string to_string(Tier tier) {
  switch (tier) {
    case Tier::process_group:
      return "process-group";
    case Tier::pid_namespace:
      return "pid-namespace";
    case Tier::open_network:
      return "sandbox-open-network";
    case Tier::sandbox:
      return "sandbox";
  }
  return {};
}

Tier tier_from(const std::string& name) {
  const auto found = std::ranges::find(tiers, name, [](Tier tier) { return to_string(tier); });
  if (found != tiers.end()) return *found;
  std::string names;
  for (const auto tier : tiers) names += (names.empty() ? "" : ", ") + to_string(tier);
  throw std::invalid_argument(fmt::format("there is no isolation '{}'; there are {}", name, names));
}

Confinement probe_isolation(const Paths& paths) {
  const char* most = variable("COURSE_ISOLATION");
  Tier highest = most == nullptr ? Tier::sandbox : tier_from(most);
  // Only the broker of this course is passed on into a network of the program's own.
  if (variable("KAFKA_BOOTSTRAP_SERVERS") != nullptr) highest = std::min(highest, Tier::open_network);
  const bool root = geteuid() == 0;
  for (const auto tier : tiers) {
    if (tier > highest) continue;
    Confinement confinement{
        .tier = tier, .another_user = root, .launcher = paths.build / "bin/course-launch"};
    if (works(confinement)) return confinement;
    // Another user may not get at a checkout in root's home. Root inside of bubblewrap would be too much.
    confinement.another_user = false;
    if (root && tier <= Tier::pid_namespace && works(confinement)) return confinement;
  }
  throw InfraError(fmt::format("{} can't start a program; build the course anew (./course build)",
                               (paths.build / "bin/course-launch").string()));
}

std::vector<std::string> command_line(const Confinement& confinement, const Launch& launch) {
  auto files = launch.files;
  files.push_back(confinement.launcher);
  auto command = wrapper(confinement.tier, files);
  const auto add = [&](const std::vector<std::string>& more) {
    command.insert(command.end(), more.begin(), more.end());
  };
  if (!command.empty()) add({"--"});
  add({confinement.launcher.string()});
  if (confinement.tier == Tier::sandbox) {
    for (const int port : launch.broker_ports) add({"--listen", std::to_string(port)});
  }
  if (launch.user != 0) add({"--user", std::to_string(launch.user)});
  add(launch.options);
  add({"--"});
  add(launch.program);
  return command;
}

uid_t user_of_programs() {
  constexpr uid_t first = 1'000'000'000;  // far above those that system and containers give away
  return first + static_cast<uid_t>(getpid());
}

}  // namespace grader
