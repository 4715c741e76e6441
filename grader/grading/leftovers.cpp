#include "grading/leftovers.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "evidence/admin.hpp"
#include "evidence/cluster.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

constexpr auto* mark = "course-attack";

std::vector<std::string> marked_files(const std::vector<fs::path>& folders) {
  std::vector<std::string> found;
  for (const auto& folder : folders) {
    std::error_code unreadable;
    for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
      if (entry.path().filename().string().find(mark) != std::string::npos)
        found.push_back("the file " + entry.path().string());
    }
  }
  return found;
}

/// Processes of this checkout's attacks, by what they run or what they call themselves.
std::vector<std::string> marked_processes(const fs::path& programs) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos || pid == std::to_string(getpid())) continue;
    std::error_code gone;
    const std::string executable = fs::read_symlink(entry.path() / "exe", gone);
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    if (executable.starts_with(programs.string() + '/') || name.find(mark) != std::string::npos)
      found.push_back(fmt::format("process {} ({}, {})", pid, name, executable));
  }
  return found;
}

std::vector<std::string> topics_of(const Broker& broker) {
  std::vector<std::string> found;
  for (const auto& topic : Admin(Cluster::of(broker).admin).topics()) {
    // A broker that learners use has topics of its own; the one that grades has none when nobody grades.
    const bool internal = topic.starts_with("__");
    if (topic.find(mark) != std::string::npos || (broker.learner_port == 0 && !internal))
      found.push_back("the topic " + topic);
  }
  return found;
}

}  // namespace

Leftovers::Leftovers(const Paths& paths, std::vector<Broker> brokers)
    : paths_(paths), brokers_(std::move(brokers)), files_(state_of_files()) {}

std::map<std::string, std::string> Leftovers::state_of_files() const {
  std::map<std::string, std::string> state;
  for (const auto& folder : {paths_.root / "phases", paths_.root / "solutions", paths_.root / "grader",
                             paths_.root / "infra", paths_.build / "checks", paths_.build / "lib",
                             paths_.build / "bin", paths_.build / "answers/solutions"}) {
    std::error_code missing;
    for (const auto& entry : fs::recursive_directory_iterator(folder, missing)) {
      struct stat status {};
      if (entry.is_regular_file() && stat(entry.path().c_str(), &status) == 0) {
        state[entry.path().string()] =
            fmt::format("{} {}.{}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
      }
    }
  }
  return state;
}

std::vector<std::string> Leftovers::found() const {
  std::vector<std::string> found;
  const auto add = [&](const std::vector<std::string>& more) {
    found.insert(found.end(), more.begin(), more.end());
  };
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  add(marked_files({"/tmp", "/var/tmp", "/dev/shm", home == nullptr ? "/" : home, paths_.root, paths_.state,
                    paths_.build, paths_.build / "checks", paths_.state / "broker",
                    paths_.state / "grading-broker"}));
  add(marked_processes(paths_.build / "answers/attacks"));
  const auto files = state_of_files();
  for (const auto& [file, state] : files_) {
    if (!files.contains(file) || files.at(file) != state) found.push_back("a change of " + file);
  }
  for (const auto& broker : brokers_) {
    if (fs::exists(fmt::format("/proc/{}", broker.java_pid))) {
      add(topics_of(broker));
    } else {
      found.push_back(fmt::format("the end of the broker, process {}", broker.java_pid));
    }
  }
  return found;
}

}  // namespace grader
