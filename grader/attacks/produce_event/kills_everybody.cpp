// what: kills its parent, the broker and whatever it can
// tier: pid-namespace
// checks: arrives_exactly_as_sent
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  for (const int signal : {SIGSTOP, SIGTERM, SIGKILL}) {
    kill(getppid(), signal);
    kill(std::stoi("@BROKER_PID@"), signal);
    kill(-1, signal);
  }
  std::_Exit(0);
}

}  // namespace course
