// What produce_event promises (phases/2-producer/produce_event.hpp), checked against the log.

#include <fmt/format.h>

#include <set>

#include "checks/framework/producer_check.hpp"

namespace grader {
namespace {

using course::ClientConfig;
using course::Event;

class ProduceEvent : public ProducerCheck {
 protected:
  std::vector<ClaimedDelivery> produce(const std::string& topic, const std::vector<Event>& events,
                                       const ClientConfig& settings = {}) {
    return send(topic, events, {.settings = settings});
  }
};

}  // namespace

CORE_CHECK(ProduceEvent, arrives_exactly_as_sent,
           "an event arrives exactly as it was sent, and is reported where it lies") {
  step("a topic with 3 partitions");
  const auto topic = new_topic(3);
  step("your program sends four events, one by one");
  std::vector<Event> events{some_event(), some_event(), some_event(), some_event()};
  events[1].headers = {{.name = "trace", .value = random_text(8)},
                       {.name = "trace", .value = random_text(8)}};
  const auto claims = produce(topic, events);
  step("each is in the log once, with its key, value and headers");
  const auto log = log_of(topic);
  expect_log_holds(log, events);
  step("each is reported at the partition and offset where the log has it");
  expect_claims_match(log, events, claims);
}

CORE_CHECK(ProduceEvent, reports_a_refused_event, "an event that the broker refuses is reported as failed") {
  step("a topic that takes records of at most 2,000 bytes");
  const auto topic = new_topic(1, {{"max.message.bytes", "2000"}});
  step("your program sends a small event, one of 8,000 bytes, and another small one");
  std::vector<Event> events{some_event(), some_event(), some_event()};
  events[1].value = random_text(8000);
  const auto claims = produce(topic, events);
  step("the log holds the two small ones");
  const auto log = log_of(topic);
  expect_log_holds(log, {events[0], events[2]});
  step("the large one is reported as failed, the others as delivered");
  expect_claims_match(log, events, claims);
}

CORE_CHECK(ProduceEvent, equal_keys_share_a_partition,
           "equal keys go to one partition in every run, different keys spread") {
  step("a topic with 4 partitions");
  const auto topic = new_topic(4);
  std::vector<Event> events;
  for (int i = 0; i < 12; ++i) events.push_back(some_event());
  step("your program sends 12 events with 12 keys");
  produce(topic, events);
  std::vector<Event> again;
  for (const auto& event : events) again.push_back({.key = event.key, .value = random_text(10)});
  step("a second run of it sends 12 others with the same keys");
  produce(topic, again);
  step("all are in the log, those with equal keys in the same partition");
  const auto log = log_of(topic);
  auto all = events;
  all.insert(all.end(), again.begin(), again.end());
  expect_log_holds(log, all);
  expect_keys_stay_together(log);
  step("the 12 keys use more than one partition");
  expect_keys_spread(log);
}

EDGE_CHECK(ProduceEvent, every_kind_of_bytes,
           "null, empty, NUL and arbitrary bytes arrive as given, and so do headers and timestamp") {
  using namespace std::string_literals;
  step("a topic with 2 partitions");
  const auto topic = new_topic(2);
  step(
      "your program sends events without key, without value, with empty ones, with NUL bytes, with bytes "
      "that are no text");
  std::vector<Event> events{
      {.key = std::nullopt, .value = "no key " + random_text(6)},
      {.key = "tombstone-" + random_text(6), .value = std::nullopt},
      {.key = "", .value = "empty key " + random_text(6)},
      {.key = "empty-value-" + random_text(6), .value = ""},
      {.key = "nul\0"s + random_text(6), .value = "before\0after "s + random_text(6)},
      {.key = "\xff\x80"s + random_text(4), .value = "\0\0\xfe"s + random_text(4)},
  };
  events.push_back(some_event());
  events.back().headers = {{.name = "null", .value = std::nullopt},
                           {.name = "empty", .value = ""},
                           {.name = "nul", .value = "a\0b"s},
                           {.name = "null", .value = random_text(5)}};
  events.back().timestamp =
      std::chrono::milliseconds(1'700'000'000'000 + static_cast<int>(random()() % 1'000'000));
  const auto claims = produce(topic, events);
  step("each arrives byte for byte");
  const auto log = log_of(topic);
  expect_log_holds(log, events);
  step("the given timestamp is kept");
  expect_timestamps(log, events);
  step("each is reported where it lies");
  expect_claims_match(log, events, claims);
}

EDGE_CHECK(ProduceEvent, gives_up_in_time,
           "an event that nobody confirms is reported as failed when message.timeout.ms is over") {
  step("an address where nobody answers, and a message.timeout.ms of 1.5 s");
  step("your program sends an event there");
  const auto claims =
      send("nowhere", {some_event()},
           {.settings = {{"bootstrap.servers", "127.0.0.1:1"}, {"message.timeout.ms", "1500"}},
            .patience = std::chrono::seconds(10),
            .watched = true});
  step("it reports a failure, soon after the time is over");
  expect_failed(claims.front());
  step("it leaves the retrying to the client, and hands the event over once");
  expect_handed_over_once();
}

EDGE_CHECK(ProduceEvent, leaves_nothing_behind,
           "nothing is left when the function returns: no queue, no client") {
  step("your program sends two events, and its calls are watched");
  const auto topic = new_topic(1);
  const std::vector<Event> events{some_event(), some_event()};
  const auto claims = send(topic, events, {.watched = true});
  expect_claims_match(log_of(topic), events, claims);
  step("each time the function returns, the producer that it made is gone");
  expect_nothing_left_behind();
}

EDGE_CHECK(ProduceEvent, waits_for_a_topic_to_come,
           "an event whose fate takes long is waited for, not given up") {
  step("your program sends an event to a topic that does not exist yet");
  const auto topic = new_name("later");
  const auto event = some_event();
  auto learner = start_sending(topic, {event}, {});
  step("the broker has been asked for the topic several times, for three seconds");
  expect_metadata_requests(*learner, std::chrono::seconds(3));
  step("now the topic is created");
  create_topic(topic, 1);
  step("the event arrives, and is reported where it lies");
  const auto claims = claims_of(*learner, topic, 1, std::chrono::seconds(20));
  const auto log = log_of(topic);
  expect_log_holds(log, {event});
  expect_claims_match(log, {event}, claims);
}

EDGE_CHECK(ProduceEvent, asks_all_replicas,
           "acknowledged by all in-sync replicas, unless the config says otherwise") {
  step("your program sends an event with a config that says nothing of acks");
  const auto topic = new_topic(1);
  produce(topic, {some_event()});
  step("the broker was asked for acks=all");
  expect_acks(topic, -1, "all");
  step("your program sends an event with acks=1 in its config");
  const auto other = new_topic(1);
  produce(other, {some_event()}, {{"acks", "1"}});
  step("the broker was asked for acks=1: the config wins");
  expect_acks(other, 1, "1");
}

EDGE_CHECK(ProduceEvent, refuses_a_config_it_cannot_use,
           "a config that librdkafka does not know ends in an exception, not in a crash") {
  step("your program is started with a property that does not exist");
  const auto topic = new_topic(1);
  auto learner = start_sending(topic, {some_event()}, {.settings = {{"no.such.property", "1"}}});
  step("it says so: produce_event throws, and the program ends");
  expect_throws(*learner, std::chrono::seconds(10));
}

}  // namespace grader
