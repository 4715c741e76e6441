// what: writes verdicts, checks, the broker's folder, temporary files
// tier: sandbox-open-network
// checks: arrives_exactly_as_sent
#include <fcntl.h>

#include <fstream>
#include <iostream>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  for (const char* path :
       {"@ROOT@/build/checks/produce_event", "@ROOT@/build/bin/course", "@ROOT@/build/lib/libcourse_watch.so",
        "@ROOT@/solutions/2-producer/produce_event.cpp", "@STATE@/grading-broker/state.json",
        "/proc/self/exe", "/proc/sys/kernel/core_pattern"}) {
    if (open(path, O_WRONLY | O_APPEND) >= 0) std::cerr << "course-attack: can write " << path << std::endl;
  }
  for (const char* folder : {"@ROOT@", "@ROOT@/build/checks", "@STATE@", "@STATE@/grading-broker", "/var/tmp",
                             "/tmp", "/dev/shm", "/root", "."}) {
    std::ofstream(std::string(folder) + "/course-attack-file") << "here";
  }
  std::ofstream(
      "@STATE@/attacks/attacks/produce_event.writes_around/produce_event/arrives_exactly_as_sent/"
      "verdict.json")
      << R"({"exercise":"produce_event","check":"arrives_exactly_as_sent","part":"core","title":"","verdict":"passed"})";
  return {.error = "wrote around"};
}

}  // namespace course
