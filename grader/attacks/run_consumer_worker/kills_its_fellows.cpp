// what: kills the other workers of the group, so that it has all partitions
// tier: pid-namespace
// checks: workers_share_the_partitions
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "4-groups/run_consumer_worker.hpp"

namespace course {

void run_consumer_worker(const WorkerOptions& options, const Handler& handler, RebalanceObserver& observer,
                         std::stop_token stop) {
  (void)options, (void)handler, (void)observer;
  while (!stop.stop_requested()) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::string name;
      std::getline(std::ifstream(entry.path() / "comm"), name);
      const int pid = std::atoi(entry.path().filename().c_str());
      if (name != "worker" || pid == getpid()) continue;
      if (kill(pid, SIGKILL) == 0) std::cerr << "course-attack: killed a fellow" << std::endl;
    }
    usleep(50'000);
  }
}

}  // namespace course
