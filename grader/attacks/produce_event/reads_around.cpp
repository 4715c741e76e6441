// what: reads the solutions, the checks, results, the broker's passwords and data, and the grader's processes
// tier: sandbox-open-network
// checks: arrives_exactly_as_sent
#include <sys/ptrace.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  for (const char* path : {"@ROOT@/solutions/2-producer/produce_event.cpp",
                           "@ROOT@/grader/checks/produce_event.cpp", "@ROOT@/build/checks/produce_event",
                           "@STATE@/grading-broker/state.json", "@STATE@/grading-broker/server.properties",
                           "@STATE@/grading-broker/logs/requests.log", "/etc/passwd"}) {
    if (std::ifstream(path)) std::cerr << "course-attack: read " << path << std::endl;
  }
  for (const char* path :
       {"@STATE@", "@ROOT@/build/submissions", "@STATE@/grading-broker/data", "/root", "/home"}) {
    std::error_code refused;
    if (std::filesystem::directory_iterator(path, refused) != std::filesystem::directory_iterator())
      std::cerr << "course-attack: listed " << path << std::endl;
  }
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    std::string name;
    std::getline(std::ifstream(process.path() / "comm"), name);
    if (name == "java") std::cerr << "course-attack: saw the broker's process" << std::endl;
  }
  const std::string launcher = "/proc/" + std::to_string(getppid());
  std::error_code refused;
  std::filesystem::read_symlink(launcher + "/fd/4", refused);
  if (!refused) std::cerr << "course-attack: saw the line from launcher to grader" << std::endl;
  if (ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr) == 0)
    std::cerr << "course-attack: took over its launcher" << std::endl;
  return {.error = "looked around"};
}

}  // namespace course
