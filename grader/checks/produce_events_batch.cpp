// What produce_events_batch promises (phases/2-producer/produce_events_batch.hpp), checked against the log.

#include <fmt/format.h>

#include "checks/framework/producer_check.hpp"

namespace grader {
namespace {

using course::ClientConfig;
using course::Event;

class ProduceEventsBatch : public ProducerCheck {
 protected:
  std::vector<Event> some_events(std::size_t count) {
    std::vector<Event> events;
    while (events.size() < count) events.push_back(some_event());
    return events;
  }

  /// Few keys, many events of each, so that order per key shows.
  std::vector<Event> keyed_events(std::size_t count, std::size_t keys) {
    std::vector<std::string> names;
    while (names.size() < keys) names.push_back("key-" + random_text(6));
    std::vector<Event> events;
    for (std::size_t i = 0; i < count; ++i) {
      events.push_back(
          {.key = names[random()() % keys], .value = fmt::format("{:05} {}", i, random_text(10))});
    }
    return events;
  }

  std::vector<ClaimedDelivery> produce(const std::string& topic, const std::vector<Event>& events,
                                       const ClientConfig& settings = {}) {
    return send(topic, events, {.settings = settings, .batch = true});
  }
};

}  // namespace

CORE_CHECK(ProduceEventsBatch, all_arrive_and_are_reported,
           "every event arrives once, as it was sent, and is reported where it lies") {
  step("a topic with 3 partitions");
  const auto topic = new_topic(3);
  step("your program sends a batch of 200 events, of which two are equal");
  auto events = some_events(199);
  events.push_back(events[20]);
  const auto claims = produce(topic, events);
  step("each is in the log once");
  const auto log = log_of(topic);
  expect_log_holds(log, events);
  step("the results are in the order of the events, each at its place in the log");
  expect_claims_match(log, events, claims);
}

CORE_CHECK(ProduceEventsBatch, equal_keys_keep_their_order,
           "equal keys share a partition and keep their order in the log") {
  step("a topic with 3 partitions");
  const auto topic = new_topic(3);
  step("your program sends 300 events that share 6 keys");
  const auto events = keyed_events(300, 6);
  const auto claims = produce(topic, events);
  step("each key is in one partition, its events in the order of the batch");
  const auto log = log_of(topic);
  expect_log_holds(log, events);
  expect_keys_stay_together(log);
  expect_keys_spread(log);
  expect_order_per_key(log, events);
  expect_claims_match(log, events, claims);
}

CORE_CHECK(ProduceEventsBatch, one_refused_event_spoils_no_other,
           "one event that is refused is reported as failed; all others arrive") {
  step("a topic that takes records of at most 5,000 bytes");
  const auto topic = new_topic(2, {{"max.message.bytes", "5000"}});
  step(
      "your program sends 30 small events and, among them, one of 20,000 bytes, each in a request batch of "
      "its own");
  auto events = some_events(31);
  const std::size_t large = 5 + random()() % 20;
  events[large].value = random_text(20'000);
  const auto claims = produce(topic, events, {{"batch.num.messages", "1"}});
  step("the log holds the 30 small ones, once each");
  const auto log = log_of(topic);
  auto small = events;
  small.erase(small.begin() + static_cast<std::ptrdiff_t>(large));
  expect_log_holds(log, small);
  step("the result says which one failed");
  expect_claims_match(log, events, claims);
}

EDGE_CHECK(ProduceEventsBatch, a_refused_request_is_reported_as_it_is,
           "when a refused event takes its neighbours with it, each is reported as it really went") {
  step("a topic that takes records of at most 5,000 bytes");
  const auto topic = new_topic(2, {{"max.message.bytes", "5000"}});
  step("your program sends 40 small events and one of 20,000 bytes, of which up to eight travel together");
  auto events = keyed_events(41, 3);
  events[5 + random()() % 30].value = random_text(20'000);
  const auto claims = produce(topic, events, {{"linger.ms", "50"}, {"batch.num.messages", "8"}});
  step("what the log holds is reported where it lies, what it does not hold as failed");
  const auto log = log_of(topic);
  expect_claims_match(log, events, claims);
  step("what it holds of each key is in the order of the batch");
  expect_order_per_key(log, events);
}

EDGE_CHECK(ProduceEventsBatch, waits_out_a_full_queue,
           "a full local queue is waited out: nothing is dropped, and waiting costs no CPU") {
  step("a client whose queue takes 10 messages");
  const auto topic = new_topic(2);
  step("your program sends a batch of 400 events through it");
  const auto events = keyed_events(400, 8);
  const auto claims = produce(topic, events, {{"queue.buffering.max.messages", "10"}});
  step("all are in the log, in order per key, each reported where it lies");
  const auto log = log_of(topic);
  expect_log_holds(log, events);
  expect_order_per_key(log, events);
  expect_claims_match(log, events, claims);
}

EDGE_CHECK(ProduceEventsBatch, an_empty_batch_is_no_work, "an empty batch returns at once, with no results") {
  step("your program sends a batch of no events");
  const auto topic = new_topic(1);
  produce(topic, {});
  step("the log is empty");
  expect_log_holds(log_of(topic), {});
}

EDGE_CHECK(ProduceEventsBatch, every_kind_of_bytes, "null, empty, NUL and arbitrary bytes arrive as given") {
  using namespace std::string_literals;
  const auto topic = new_topic(2);
  step("your program sends a batch with null, empty and NUL-carrying keys, values and headers");
  std::vector<Event> events{
      {.key = std::nullopt, .value = "no key " + random_text(6)},
      {.key = "tombstone-" + random_text(6), .value = std::nullopt},
      {.key = "", .value = "empty key " + random_text(6)},
      {.key = "empty-value-" + random_text(6), .value = ""},
      {.key = "nul\0"s + random_text(6), .value = "before\0after "s + random_text(6)},
      {.key = "\xff\x80"s + random_text(4),
       .value = "\0\0\xfe"s + random_text(4),
       .headers = {{.name = "null", .value = std::nullopt},
                   {.name = "empty", .value = ""},
                   {.name = "nul", .value = "a\0b"s}}},
  };
  events[0].timestamp = std::chrono::milliseconds(1'700'000'000'000);
  const auto claims = produce(topic, events);
  step("each arrives byte for byte, and is reported where it lies");
  const auto log = log_of(topic);
  expect_log_holds(log, events);
  expect_timestamps(log, events);
  expect_claims_match(log, events, claims);
}

EDGE_CHECK(ProduceEventsBatch, travels_together,
           "the batch uses one producer and does not wait for each event in turn") {
  step("a topic with one partition, and a client that collects for 100 ms before it sends (linger.ms)");
  const auto topic = new_topic(1);
  step("your program sends a batch of 60 events");
  const auto events = some_events(60);
  const auto claims = produce(topic, events, {{"linger.ms", "100"}});
  const auto log = log_of(topic);
  expect_log_holds(log, events);
  expect_claims_match(log, events, claims);
  step("they came in a few requests, over the connections of one producer");
  expect_few_requests(topic, 20);
}

EDGE_CHECK(ProduceEventsBatch, leaves_nothing_behind,
           "nothing is left when the function returns: no queue, no client") {
  step("your program sends a batch of 5 events, and its calls are watched");
  const auto topic = new_topic(1);
  const auto events = some_events(5);
  const auto claims = send(topic, events, {.batch = true, .watched = true});
  expect_claims_match(log_of(topic), events, claims);
  step("when the function returns, the producer that it made is gone");
  expect_nothing_left_behind();
}

EDGE_CHECK(ProduceEventsBatch, gives_up_in_time,
           "when nobody confirms, every event is reported as failed when message.timeout.ms is over") {
  step("an address where nobody answers, and a message.timeout.ms of 1.5 s");
  step("your program sends a batch of 20 events there");
  const auto claims =
      send("nowhere", some_events(20),
           {.settings = {{"bootstrap.servers", "127.0.0.1:1"}, {"message.timeout.ms", "1500"}},
            .batch = true,
            .patience = std::chrono::seconds(10)});
  step("it reports a failure for each, soon after the time is over");
  for (const auto& claim : claims) expect_failed(claim);
}

EDGE_CHECK(ProduceEventsBatch, asks_all_replicas,
           "acknowledged by all in-sync replicas, unless the config says otherwise") {
  step("your program sends a batch with a config that says nothing of acks");
  const auto topic = new_topic(1);
  produce(topic, some_events(3));
  step("the broker was asked for acks=all");
  expect_acks(topic, -1, "all");
  step("your program sends a batch with acks=1 in its config");
  const auto other = new_topic(1);
  produce(other, some_events(3), {{"acks", "1"}});
  step("the broker was asked for acks=1: the config wins");
  expect_acks(other, 1, "1");
}

}  // namespace grader
