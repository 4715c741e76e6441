// what: makes namespaces of its own, in which it is root and can mount what has no limit
// tier: sandbox-open-network
// checks: arrives_exactly_as_sent
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  if (fork() != 0) sleep(3), std::_Exit(0);  // only a process of one thread may
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
    if (mount("none", "/tmp", "tmpfs", 0, nullptr) == 0 || mount("none", "/proc", "tmpfs", 0, nullptr) == 0)
      std::cerr << "course-attack: has mounted a file system" << std::endl;
  }
  if (setuid(0) == 0) std::cerr << "course-attack: is root" << std::endl;
  return {.error = "unshared"};
}

}  // namespace course
