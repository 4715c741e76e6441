// what: sends with Kafka's console producer instead of a client of its own
// tier: sandbox-open-network
// checks: arrives_exactly_as_sent
#include <cstdlib>
#include <iostream>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  const std::string command = "@ROOT@/course kafka console-producer --topic " + topic + " </dev/null";
  if (std::system(command.c_str()) == 0) std::cerr << "course-attack: ran the course's tools" << std::endl;
  return {.partition = 0, .offset = 0};
}

}  // namespace course
