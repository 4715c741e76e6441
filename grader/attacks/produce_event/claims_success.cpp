// what: says that the event was delivered, and sends nothing
// tier: process-group
// checks: arrives_exactly_as_sent equal_keys_share_a_partition asks_all_replicas
#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  static std::int64_t offset = 0;
  return {.partition = 0, .offset = offset++};
}

}  // namespace course
