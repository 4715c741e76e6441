// what: leaves a process of its own session behind, which goes on to do harm
// tier: process-group
// checks: arrives_exactly_as_sent
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  if (fork() == 0) {
    setsid();
    if (fork() != 0) std::_Exit(0);
    prctl(PR_SET_NAME, "course-attack");
    for (int fd = 0; fd < 64; ++fd) close(fd);
    signal(SIGTERM, SIG_IGN);
    for (int i = 0; i < 600; ++i) usleep(100'000);
    std::_Exit(0);
  }
  return {.error = "left a daemon"};
}

}  // namespace course
