// What producing checks expect of keys, order, time stamps and requests.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "checks/framework/ending.hpp"
#include "checks/framework/producer_check.hpp"
#include "support/payload_hash.hpp"
#include "support/printing.hpp"

namespace grader {

using course::Event;
using course::Record;

void ProducerCheck::expect_keys_stay_together(const std::vector<Record>& log) {
  std::map<std::string, const Record*> first;
  for (const auto& record : log) {
    if (record.event.key.value_or("").empty()) continue;  // librdkafka's default treats an empty key as none
    const auto [known, is_new] = first.try_emplace(*record.event.key, &record);
    if (!is_new && known->second->source != record.source) {
      throw Failed{
          {"equal-keys-apart",
           fmt::format("all events with key {} in one partition", course::printable(record.event.key)),
           fmt::format("partition {} (offset {}) and partition {} (offset {})",
                       known->second->source.partition, known->second->offset, record.source.partition,
                       record.offset)}};
    }
  }
}

void ProducerCheck::expect_keys_spread(const std::vector<Record>& log) {
  std::set<std::int32_t> used;
  std::set<std::string> keys;
  for (const auto& record : log) {
    used.insert(record.source.partition);
    keys.insert(record.event.key.value_or(""));
  }
  if (used.size() < 2) {
    throw Failed{{"keys-do-not-spread", fmt::format("{} keys spread over the partitions", keys.size()),
                  fmt::format("all are in partition {}", used.empty() ? -1 : *used.begin())}};
  }
}

void ProducerCheck::expect_order_per_key(const std::vector<Record>& log, const std::vector<Event>& events) {
  std::map<std::string, std::size_t> position;
  for (std::size_t i = 0; i < events.size(); ++i) position.try_emplace(course::payload_hash(events[i]), i);
  std::map<std::string, std::pair<std::size_t, const Record*>>
      last;                         // by key: the newest event seen in the log
  for (const auto& record : log) {  // read_topic returns partitions in the order of their offsets
    const auto known = position.find(course::payload_hash(record.event));
    if (known == position.end() || !record.event.key) continue;
    const auto before = last.find(*record.event.key);
    if (before != last.end() && before->second.first > known->second) {
      throw Failed{
          {"order-broken",
           fmt::format("key {}: event {} behind event {}, as in the batch",
                       course::printable(record.event.key), before->second.first + 1, known->second + 1),
           fmt::format("partition {}: event {} at offset {}, event {} only at offset {}",
                       record.source.partition, before->second.first + 1, before->second.second->offset,
                       known->second + 1, record.offset)}};
    }
    last[*record.event.key] = {known->second, &record};
  }
}

void ProducerCheck::expect_timestamps(const std::vector<Record>& log, const std::vector<Event>& events) {
  for (const auto& event : events) {
    if (!event.timestamp) continue;
    const auto found = std::ranges::find(log, course::payload_hash(event), [](const Record& record) {
      return course::payload_hash(record.event);
    });
    if (found != log.end() && found->event.timestamp != event.timestamp) {
      throw Failed{
          {"timestamp-changed", fmt::format("timestamp {} ms, as given", event.timestamp->count()),
           fmt::format("partition {}, offset {}: timestamp {} ms", found->source.partition, found->offset,
                       found->event.timestamp ? found->event.timestamp->count() : -1)}};
    }
  }
}

void ProducerCheck::expect_failed(const ClaimedDelivery& claim) {
  if (!claim.partition) return;
  throw Failed{{"reported-but-not-there", "the event reached no broker, so it is reported as failed",
                fmt::format("you reported it delivered to partition {}, offset {}",
                            claim.partition->partition, claim.offset)}};
}

void ProducerCheck::expect_throws(Learner& learner, std::chrono::seconds patience) {
  const auto ended = learner.ended_by(Clock::now() + patience);
  if (ended && ended->exit_code == 1 && !learner.said("threw").empty()) return;
  const Finding unsaid{"config-error-hidden", "an exception that says what is wrong with the config",
                       "none: it went on as if the property existed"};
  if (!ended) {
    learner.kill();
    throw Failed{{"does-not-return", unsaid.expected, "the program was still running"}};
  }
  explain_absence(learner, exercise(), unsaid);
}

void ProducerCheck::expect_metadata_requests(Learner& learner, std::chrono::seconds time) {
  std::optional<Clock::time_point> first;
  const auto asked_for_long = [&](const Request& request) {
    if (request.api() != "METADATA") return false;
    if (!first) first = Clock::now();
    return false;
  };
  const auto deadline = Clock::now() + std::chrono::seconds(15);
  std::size_t seen = 0;
  while (Clock::now() < deadline) {
    if (learner.ended()) {
      explain_absence(learner, exercise(),
                      {"gave-up-too-early",
                       "the program waits until the fate of the event is known, or message.timeout.ms (five "
                       "minutes) is over",
                       "it ended within seconds, before the topic came to be"});
    }
    requests().wait_for(asked_for_long, Clock::now() + std::chrono::milliseconds(100));
    const auto& all = requests().read();
    const auto count = static_cast<std::size_t>(std::ranges::count(all, "METADATA", &Request::api));
    if (count > seen && first && Clock::now() - *first >= time) return;
    if (count > seen && first && Clock::now() - *first < time) seen = count;
  }
  learner.kill();
  throw Failed{{"does-not-retry", "the program keeps asking the broker for the topic", "it stopped asking"}};
}

std::vector<const Request*> ProducerCheck::produce_requests(const std::string& topic) {
  auto found = requests_about(topic, std::chrono::seconds(5));
  if (found.empty()) throw Failed{explain_missing(0, attempts_.back().events.front(), 0)};
  return found;
}

void ProducerCheck::expect_acks(const std::string& topic, int acks, const std::string& name) {
  for (const auto* request : produce_requests(topic)) {
    const int asked = request->request().value("acks", -100);
    timeline().add("request", "PRODUCE", {{"topic", topic}, {"acks", asked}});
    if (asked == acks) continue;
    throw Failed{{acks == -1 ? "acks-too-weak" : "config-ignored",
                  fmt::format("every request that writes to {} asks for acks={}", topic, name),
                  fmt::format("one asked for acks={}", asked == -1 ? "all" : std::to_string(asked))}};
  }
}

void ProducerCheck::expect_few_requests(const std::string& topic, std::size_t most) {
  std::set<std::string> connections;
  const auto found = produce_requests(topic);
  for (const auto* request : found) connections.insert(request->connection());
  timeline().add("request", "PRODUCE",
                 {{"topic", topic}, {"requests", found.size()}, {"connections", connections.size()}});
  if (connections.size() > 1) {
    throw Failed{{"a-producer-for-each-event", "one producer for the whole batch",
                  fmt::format("{} connections that wrote", connections.size())}};
  }
  if (found.size() > most) {
    throw Failed{{"waits-for-each-event", fmt::format("the batch in a few requests (at most {})", most),
                  fmt::format("{} requests", found.size())}};
  }
}

}  // namespace grader
