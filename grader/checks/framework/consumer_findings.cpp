#include "checks/framework/consumer_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "support/payload_hash.hpp"
#include "support/printing.hpp"

namespace grader {
namespace {

using course::Event;
using course::Record;

std::string shown(const std::optional<std::string>& bytes) {
  if (!bytes) return "null";
  return bytes->empty() ? "empty" : fmt::format("\"{}\"", course::printable(bytes, 40));
}

std::string described(const Event& event) {
  std::string headers;
  for (const auto& [name, value] : event.headers)
    headers += fmt::format(", header {} = {}", name, shown(value));
  return fmt::format("key {}, value {}{}", shown(event.key), shown(event.value), headers);
}

using Bytes = std::optional<std::string>;

Bytes cut(const Bytes& bytes) {
  return bytes ? bytes->substr(0, bytes->find('\0')) : bytes;
}
Bytes null_as_empty(const Bytes& bytes) {
  return bytes.value_or("");
}
Bytes empty_as_null(const Bytes& bytes) {
  return bytes && bytes->empty() ? std::nullopt : bytes;
}

/// An event whose key, value and header values (those that are wanted) went through `change`.
template <typename Change>
Event changed(Event event, bool key, bool value, bool headers, const Change& change) {
  if (key) event.key = change(event.key);
  if (value) event.value = change(event.value);
  for (auto& header : event.headers) {
    if (headers) header.value = change(header.value);
  }
  return event;
}

/// Whether some combination of key, value and headers with `change` applied gives the hash.
template <typename Change>
bool explains(const Event& event, const std::string& hash, const Change& change) {
  for (int which = 1; which < 8; ++which) {
    if (course::payload_hash(changed(event, (which & 1) != 0, (which & 2) != 0, (which & 4) != 0, change)) ==
        hash)
      return true;
  }
  return false;
}

bool explained_by_headers(Event event, const std::string& hash) {
  event.headers.clear();
  if (course::payload_hash(event) == hash) return true;
  event = changed(std::move(event), true, true, false, null_as_empty);  // two slips at once
  return course::payload_hash(event) == hash;
}

/// Where the commits that the program asked for point to: the last record handled, instead of the next one.
bool commits_the_last_instead_of_the_next(ConsumerRun& run) {
  std::map<course::TopicPartition, std::int64_t> last;
  int off_by_one = 0;
  int right = 0;
  for (const auto& message : run.learner().conversation().messages()) {
    if (message.value("kind", "") == "hook") {
      const auto place = place_from_json(message);
      last[place.source] = place.offset;
    }
    const bool sets_offsets = is_commit(message) || message.value("call", "") == "rd_kafka_offsets_store";
    if (!sets_offsets || message.value("when", "") != "before" || !message.contains("offsets") ||
        message["offsets"].is_null())
      continue;
    for (const auto& entry : message["offsets"]) {
      const auto place = place_from_json(entry);
      const auto found = last.find(place.source);
      if (found == last.end()) continue;
      if (place.offset == found->second) ++off_by_one;
      if (place.offset == found->second + 1) ++right;
    }
  }
  return off_by_one > 0 && right == 0;
}

}  // namespace

std::optional<Finding> sequence_fault(const std::vector<HandlerCall>& calls,
                                      const std::vector<Record>& records, const Offsets& starts) {
  std::map<Place, const Record*> known;
  Offsets next = starts;
  for (const auto& record : records) {
    known[place_of(record)] = &record;
    const auto [entry, added] = next.try_emplace(record.source, record.offset);
    if (!added && !starts.contains(record.source)) entry->second = std::min(entry->second, record.offset);
  }
  const Offsets first = next;
  const auto all = places_of(records);
  for (const auto& [place, hash] : calls) {
    const auto found = known.find(place);
    if (found == known.end()) {
      return Finding{"handled-what-is-not-there",
                     "the handler gets records of the topics that it was asked to read",
                     fmt::format("it was called for {} of {}, where no record lies", to_string(place),
                                 place.source.topic)};
    }
    if (hash != course::payload_hash(found->second->event)) return changed_record(*found->second, hash);
    auto& expected = next[place.source];
    if (place.offset == expected) {
      ++expected;
      continue;
    }
    const Place skipped{.source = place.source, .offset = expected};
    const std::string wanted = "the next record of its partition is " + to_string(skipped, all);
    const std::string got = "the handler was called with " + to_string(place, all);
    if (place.offset < first.at(place.source))
      return Finding{"read-again", wanted, got + ", which had been committed"};
    if (place.offset < expected) return Finding{"handled-twice", wanted, got + " once more"};
    if (std::ranges::find(calls, skipped, &HandlerCall::place) != calls.end()) {
      return Finding{"handled-out-of-order", wanted, got};
    }
    return Finding{expected == first.at(place.source) ? "started-too-late" : "record-skipped", wanted, got};
  }
  return std::nullopt;
}

Finding changed_record(const Record& record, const std::string& hash) {
  const Event& event = record.event;
  const std::string where = to_string(place_of(record));
  const std::string expected = fmt::format("at {}: {}", where, described(event));
  const auto finding = [&](const char* diagnosis, const char* observed) {
    return Finding{diagnosis, expected, fmt::format("at {}: {}", where, observed)};
  };
  if (explains(event, hash, cut))
    return finding("handler-cut-at-nul", "key, value or header ended at the first NUL byte");
  if (explains(event, hash, null_as_empty))
    return finding("handler-confused-null-and-empty", "what is null arrived as empty");
  if (explains(event, hash, empty_as_null))
    return finding("handler-confused-null-and-empty", "what is empty arrived as null");
  if (!event.headers.empty() && explained_by_headers(event, hash))
    return finding("handler-lost-headers", "no headers");
  Event swapped = event;
  std::swap(swapped.key, swapped.value);
  if (course::payload_hash(swapped) == hash)
    return finding("handler-swapped-key-and-value", "key and value changed places");
  return finding("handler-got-other-bytes", "something else");
}

Finding ahead_finding(ConsumerRun& run, const Place& skipped, const Offsets& committed,
                      const std::string& moment) {
  const bool own = std::ranges::any_of(run.calls(), is_commit);
  const auto at = committed.at(skipped.source);
  const std::string expected = fmt::format("{}, partition {} is committed up to offset {} at most", moment,
                                           skipped.source.partition, skipped.offset);
  const std::string observed =
      fmt::format("committed was {}; a restart now would never handle {}", at, to_string(skipped));
  return {own || !run.commits_automatically() ? "committed-before-processing" : "automatic-commit", expected,
          observed};
}

Finding lag_finding(ConsumerRun& run, const Offsets& committed, const Places& handled, std::size_t allowed,
                    const std::string& moment) {
  const std::string expected =
      fmt::format("{}, at most {} uncommitted", moment,
                  allowed == 1 ? "one handled record is" : fmt::format("{} handled records are", allowed));
  const std::string observed = fmt::format("{} of {} were; committed: {}", uncommitted(committed, handled),
                                           handled.size(), to_string(committed, next_offsets(handled)));
  const auto calls = run.calls();
  const auto is_result = [](const nlohmann::json& call) {
    return is_commit(call) && call.value("when", "") == "after";
  };
  const auto asked = std::ranges::count_if(calls, [](const auto& call) { return is_commit(call); });
  if (asked == 0 && run.commits_automatically())
    return {"automatic-commit", expected, observed + "; only the client's timer commits"};
  if (asked == 0) return {"never-commits", expected, observed + "; no commit was asked for"};
  if (commits_the_last_instead_of_the_next(run)) {
    return {"offset-off-by-one",
            "committed is the offset of the next record to read, one behind the last handled", observed};
  }
  const auto results = std::ranges::count_if(calls, is_result);
  const auto refused = std::ranges::find_if(
      calls, [&](const auto& call) { return is_result(call) && call.contains("error"); });
  const auto refusals = std::ranges::count_if(
      calls, [&](const auto& call) { return is_result(call) && call.contains("error"); });
  if (refusals > 0 && refusals == results) {
    return {
        "commit-refused", expected,
        observed + fmt::format("; {} answered {}", refused->value("call", ""), refused->value("error", ""))};
  }
  return {"commits-too-rarely", expected, observed};
}

std::string moment_of(const nlohmann::json& question) {
  if (question.value("kind", "") == "hook")
    return "while your handler works on " + to_string(place_from_json(question));
  return question.value("when", "") + " " + question.value("call", "");
}

}  // namespace grader
