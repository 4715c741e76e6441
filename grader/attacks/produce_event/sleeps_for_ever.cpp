// what: sleeps, and takes no signal
// tier: process-group
// checks: arrives_exactly_as_sent
#include <unistd.h>

#include <csignal>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (;;) pause();
}

}  // namespace course
