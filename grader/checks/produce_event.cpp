// What produce_event promises (phases/2-producer/produce_event.hpp), checked against the log.

#include "checks/framework/producer_check.hpp"

namespace grader {
namespace {

using course::Event;

class ProduceEvent : public ProducerCheck {
 protected:
  std::vector<ClaimedDelivery> produce(const std::string& topic, const std::vector<Event>& events,
                                       const course::ClientConfig& settings = {}) {
    return send(topic, events, {.settings = settings});
  }
};

}  // namespace

CORE_CHECK(ProduceEvent, arrives_exactly_as_sent, "an event arrives exactly as it was sent") {
  step("a topic with 3 partitions");
  const auto topic = new_topic(3);
  step("your program sends three events, one by one");
  const std::vector<Event> events{some_event(), some_event(), some_event()};
  produce(topic, events);
  step("each is in the log once, with its key and its value");
  expect_log_holds(log_of(topic), events);
}

}  // namespace grader
