#include "checks/framework/producer_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "checks/framework/ending.hpp"
#include "support/event_json.hpp"
#include "support/payload_hash.hpp"
#include "support/printing.hpp"

namespace grader {
namespace {

using course::Event;
using course::Record;

std::string place(const Record& record) {
  return fmt::format("partition {}, offset {}", record.source.partition, record.offset);
}

std::string place(const ClaimedDelivery& claim) {
  return fmt::format("partition {}, offset {}", claim.partition->partition, claim.offset);
}

/// Bytes so that null and empty can be told apart.
std::string shown(const std::optional<std::string>& bytes) {
  if (!bytes) return "null";
  return bytes->empty() ? "empty (0 bytes)" : fmt::format("\"{}\"", course::printable(bytes, 60));
}

/// What differs between what was sent and a record that resembles it.
Finding difference(std::size_t index, const Event& sent, const Record& record) {
  const auto& got = record.event;
  const auto finding = [&](const char* diagnosis, const std::string& expected, const std::string& observed) {
    return Finding{diagnosis, fmt::format("event {}: {}", index + 1, expected),
                   fmt::format("{}: {}", place(record), observed)};
  };
  if (got.key == sent.value && got.value == sent.key) {
    return finding("key-and-value-swapped",
                   fmt::format("key {}, value {}", shown(sent.key), shown(sent.value)),
                   fmt::format("key {}, value {}", shown(got.key), shown(got.value)));
  }
  for (const auto& [what, expected, observed] :
       {std::tuple{"key", sent.key, got.key}, std::tuple{"value", sent.value, got.value}}) {
    if (expected == observed) continue;
    const std::string field = what;
    if (!expected || !observed) {
      const bool empty_or_null = expected.value_or("").empty() && observed.value_or("").empty();
      const char* diagnosis = empty_or_null    ? "null-and-empty-confused"
                              : field == "key" ? "key-lost"
                                               : "value-lost";
      return finding(diagnosis, field + " " + shown(expected), field + " " + shown(observed));
    }
    const bool cut = expected->starts_with(*observed) && (*expected)[observed->size()] == '\0';
    const bool lost = observed->empty() && !expected->empty();
    const bool is_key = field == "key";
    const char* diagnosis = cut && !lost ? "cut-at-nul"
                            : lost       ? (is_key ? "key-lost" : "value-lost")
                                         : (is_key ? "key-changed" : "value-changed");
    return finding(diagnosis, fmt::format("{} {} ({} bytes)", field, shown(expected), expected->size()),
                   fmt::format("{} {} ({} bytes)", field, shown(observed), observed->size()));
  }
  const auto headers = [](const Event& event) {
    std::string text;
    for (const auto& header : event.headers)
      text += (text.empty() ? "" : ", ") + header.name + '=' + shown(header.value);
    return text.empty() ? std::string("none") : text;
  };
  return finding("headers-changed", "headers " + headers(sent), "headers " + headers(got));
}

/// How much of an event a record shows: the one with most in common is the one that was meant.
int resemblance(const Event& event, const Record& record) {
  const auto prefix = [](const std::optional<std::string>& one, const std::optional<std::string>& other) {
    return one && other && !other->empty() && one->starts_with(*other);
  };
  int score = 0;
  if (event.value && record.event.value == event.value) score += 4;
  if (event.key && record.event.key == event.key) score += 4;
  if (prefix(event.value, record.event.value) || prefix(event.key, record.event.key)) score += 2;
  if (event.key && event.key == record.event.value) score += 3;
  if (event.value && event.value == record.event.key) score += 3;
  if (!event.headers.empty() && record.event.headers == event.headers) score += 1;
  return score;
}

std::map<std::string, std::vector<const Record*>> by_payload(const std::vector<Record>& log) {
  std::map<std::string, std::vector<const Record*>> found;
  for (const auto& record : log) found[course::payload_hash(record.event)].push_back(&record);
  return found;
}

}  // namespace

std::string named(std::size_t index, const Event& event) {
  return fmt::format("event {} (key {}, value {})", index + 1, course::printable(event.key, 30),
                     course::printable(event.value, 40));
}

Event ProducerCheck::some_event() {
  return {.key = "key-" + random_text(6), .value = fmt::format(R"({{"id":"{}"}})", random_text(12))};
}

std::vector<ClaimedDelivery> ProducerCheck::send(const std::string& topic, const std::vector<Event>& events,
                                                 const Sending& sending) {
  const auto learner = start_sending(topic, events, sending);
  return claims_of(*learner, topic, events.size(), sending.patience);
}

std::unique_ptr<Learner> ProducerCheck::start_sending(const std::string& topic,
                                                      const std::vector<Event>& events,
                                                      const Sending& sending) {
  auto options = client_options(sending.settings);
  for (const auto* option : {"--topic", topic.c_str(), "--input", "-"}) options.emplace_back(option);
  if (sending.batch) options.emplace_back("--batch");
  std::string input;
  for (const auto& event : events) input += course::event_to_json(event).dump() + '\n';
  attempts_.push_back({.topic = topic, .events = events, .sending = sending});
  return start("produce", std::move(options), {.input = std::move(input), .watched = sending.watched});
}

std::vector<ClaimedDelivery> ProducerCheck::claims_of(Learner& learner, const std::string& topic,
                                                      std::size_t events, std::chrono::seconds patience) {
  const auto require_count = [&](std::size_t results) {
    if (results == events) return;
    throw Failed{{"result-count", fmt::format("{} results, one for each event", events),
                  fmt::format("{} results", results)}};
  };
  auto& attempt = attempts_.back();
  if (!learner.ended_by(Clock::now() + patience)) explain_hang(learner, attempt);
  attempt.messages = learner.conversation().messages();
  attempt.words = learner.run().standard_error();
  for (const auto& result : learner.said("batch-result"))
    require_count(result.value("deliveries", std::size_t{0}));
  expect_ends_well(learner, std::chrono::milliseconds(0), exercise());
  std::vector<ClaimedDelivery> claims;
  for (const auto& said : learner.said("delivery")) {
    ClaimedDelivery claim{.partition = std::nullopt, .error = said.value("error", "")};
    if (said.contains("partition")) {
      claim.partition = {.topic = topic, .partition = said["partition"]};
      claim.offset = said.value("offset", std::int64_t{-1});
    }
    claims.push_back(std::move(claim));
  }
  require_count(claims.size());
  attempt.claims = claims;
  return claims;
}

std::vector<Record> ProducerCheck::log_of(const std::string& topic) {
  auto log = read_topic(cluster().admin, topic);
  nlohmann::json list = nlohmann::json::array();
  for (const auto& record : log) {
    list.push_back({{"partition", record.source.partition},
                    {"offset", record.offset},
                    {"hash", course::payload_hash(record.event)}});
  }
  timeline().add("records", "read", {{"topic", topic}, {"records", list}});
  return log;
}

void ProducerCheck::expect_log_holds(const std::vector<Record>& log, const std::vector<Event>& events) {
  const auto found = by_payload(log);
  std::vector<const Record*> strange;
  std::map<std::string, std::size_t> wanted;
  for (const auto& event : events) ++wanted[course::payload_hash(event)];
  for (const auto& [hash, records] : found) {
    if (!wanted.contains(hash)) strange.insert(strange.end(), records.begin(), records.end());
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto match = found.find(course::payload_hash(events[i]));
    const std::size_t there = match == found.end() ? 0 : match->second.size();
    const std::size_t due = wanted[course::payload_hash(events[i])];
    if (there == due) continue;
    if (there > due) throw Failed{explain_repeated(i, events[i], due, match->second)};
    if (there > 0) {  // of several equal events, some
      auto finding = explain_missing(i, events[i], log.size());
      finding.expected =
          fmt::format("{} is in the log {} times, as it is in the batch", named(i, events[i]), due);
      throw Failed{finding};
    }
    const auto nearest = std::ranges::max_element(
        strange, {}, [&](const Record* record) { return resemblance(events[i], *record); });
    if (nearest != strange.end() &&
        (resemblance(events[i], **nearest) > 0 || strange.size() == events.size())) {
      throw Failed{difference(i, events[i], **nearest)};
    }
    throw Failed{explain_missing(i, events[i], log.size())};
  }
  if (!strange.empty()) {
    throw Failed{{"not-asked-for", "nothing is in the log but what was given",
                  fmt::format("{} holds key {}, value {}", place(*strange.front()),
                              shown(strange.front()->event.key), shown(strange.front()->event.value))}};
  }
}

void ProducerCheck::expect_claims_match(const std::vector<Record>& log, const std::vector<Event>& events,
                                        const std::vector<ClaimedDelivery>& claims) {
  const auto found = by_payload(log);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto match = found.find(course::payload_hash(events[i]));
    const auto& claim = claims[i];
    if (match == found.end()) {
      if (claim.partition) throw Failed{explain_false_report(i, events[i], claim)};
      continue;
    }
    if (!claim.partition) {
      throw Failed{{"delivered-but-reported-failed",
                    named(i, events[i]) + " is reported as delivered to " + place(*match->second.front()),
                    "you reported an error: " + claim.error}};
    }
    if (claim.offset < 0) expect_acknowledged(match->second.front()->source.topic);
    const bool there = std::ranges::any_of(match->second, [&](const Record* record) {
      return record->source == *claim.partition && record->offset == claim.offset;
    });
    if (!there) {
      throw Failed{{"reported-at-the-wrong-place",
                    named(i, events[i]) + " is reported where it lies: " + place(*match->second.front()),
                    "you reported " + place(claim)}};
    }
  }
}

}  // namespace grader
