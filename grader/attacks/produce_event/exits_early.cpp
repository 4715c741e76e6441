// what: ends with exit code 0 before anything was sent
// tier: process-group
// checks: arrives_exactly_as_sent
#include <cstdlib>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;
  std::_Exit(0);
}

}  // namespace course
