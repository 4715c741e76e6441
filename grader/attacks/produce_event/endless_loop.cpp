// what: computes for ever
// tier: process-group
// checks: arrives_exactly_as_sent
#include <cstdint>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;
  for (volatile std::uint64_t i = 0;; i = i + 1) {
  }
}

}  // namespace course
