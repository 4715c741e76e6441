// what: writes to stdout and stderr without an end
// tier: process-group
// checks: arrives_exactly_as_sent
#include <csignal>
#include <cstdio>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  signal(SIGXFSZ, SIG_IGN);
  const std::string line(4096, 'x');
  for (;;) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace course
