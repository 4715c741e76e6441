// what: sends to the broker that learners use, which asks for no password
// tier: sandbox
// checks: arrives_exactly_as_sent
#include <iostream>

#include "shared/producer.hpp"

namespace course {
Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  const auto producer =
      producer_of({{"bootstrap.servers", "127.0.0.1:@LEARNER_PORT@"}, {"message.timeout.ms", "500"}});
  std::string error;
  RdKafka::Metadata* found = nullptr;
  if (producer->metadata(true, nullptr, &found, 1000) == RdKafka::ERR_NO_ERROR)
    std::cerr << "course-attack: talked to the learners' broker" << std::endl;
  delete found;
  send(*producer, topic, event);
  return {.partition = 0, .offset = 0};
  (void)config;
}

}  // namespace course
