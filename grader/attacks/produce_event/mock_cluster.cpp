// what: sends to a mock cluster of its own (test.mock.num.brokers)
// tier: process-group
// checks: arrives_exactly_as_sent
#include "shared/producer.hpp"

namespace course {
Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  auto mocked = config;
  mocked["test.mock.num.brokers"] = "1";
  for (const auto* name : {"security.protocol", "sasl.mechanism", "sasl.username", "sasl.password"})
    mocked.erase(name);
  const auto producer = producer_of(mocked);
  send(*producer, topic, event);
  static std::int64_t offset = 0;
  return {.partition = 0, .offset = offset++};
}

}  // namespace course
