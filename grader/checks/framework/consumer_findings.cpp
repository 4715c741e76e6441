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

/// What a list of headers became, if leaving out or moving some gives the hash.
std::string explained_by_headers(const Event& event, const std::string& hash) {
  const auto gives = [&](auto change) {
    Event other = event;
    change(other.headers);
    if (course::payload_hash(other) == hash) return true;
    return course::payload_hash(changed(std::move(other), true, true, false, null_as_empty)) ==
           hash;  // two slips
  };
  if (gives([](auto& headers) { headers.clear(); })) return "no headers";
  if (gives([](auto& headers) { std::ranges::reverse(headers); }))
    return "the headers from the last to the first";
  const auto by_name = [](auto& headers) { std::ranges::stable_sort(headers, {}, &course::Header::name); };
  if (gives(by_name)) return "the headers sorted by name";
  const auto one_each = [&](auto first, auto last, bool sorted) {
    return gives([&](auto& headers) {
      std::vector<course::Header> kept;
      for (auto one = first(headers); one != last(headers); ++one) {
        if (std::ranges::find(kept, one->name, &course::Header::name) == kept.end()) kept.push_back(*one);
      }
      headers = std::move(kept);
      if (sorted) by_name(headers);
    });
  };
  const auto begin = [](auto& list) { return list.begin(); };
  const auto end = [](auto& list) { return list.end(); };
  const auto rbegin = [](auto& list) { return list.rbegin(); };
  const auto rend = [](auto& list) { return list.rend(); };
  for (const bool sorted : {false, true}) {
    if (one_each(begin, end, sorted) || one_each(rbegin, rend, sorted)) return "one header of each name";
  }
  const auto last_of_each = [](auto& headers) {  // each at the place of its last appearance
    for (std::size_t i = 0; i < headers.size();) {
      const auto again = std::find_if(headers.begin() + static_cast<std::ptrdiff_t>(i) + 1, headers.end(),
                                      [&](const auto& other) { return other.name == headers[i].name; });
      if (again == headers.end()) {
        ++i;
      } else {
        headers.erase(headers.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  };
  return gives(last_of_each) ? "one header of each name" : "";
}

/// Where the commits that the program asked for point to, for one partition: the last record handled,
/// instead of the next one.
struct Commits {
  int off_by_one = 0;
  int right = 0;
};

std::map<course::TopicPartition, Commits> commits_by_partition(ConsumerRun& run) {
  std::map<course::TopicPartition, std::int64_t> last;
  std::map<course::TopicPartition, Commits> found;
  for (const auto& message : run.learner().conversation().messages()) {
    if (is_hook(message)) {
      const auto place = place_from_json(message);
      last[place.source] = place.offset;
    }
    const bool sets_offsets = is_commit(message) || message.value("call", "") == "rd_kafka_offsets_store";
    if (!sets_offsets || message.value("when", "") != "before" || !message.contains("offsets") ||
        message["offsets"].is_null())
      continue;
    for (const auto& entry : message["offsets"]) {
      const auto place = place_from_json(entry);
      const auto known = last.find(place.source);
      if (known == last.end()) continue;
      if (place.offset == known->second) ++found[place.source].off_by_one;
      if (place.offset == known->second + 1) ++found[place.source].right;
    }
  }
  return found;
}

/// A partition for which the program always commits the last record handled, if there is one.
std::optional<course::TopicPartition> off_by_one_in(ConsumerRun& run) {
  for (const auto& [source, commits] : commits_by_partition(run)) {
    if (commits.off_by_one > 0 && commits.right == 0) return source;
  }
  return std::nullopt;
}

/// What in the program's calls asked for a commit beyond `skipped`, in words; nothing if no call did.
std::string commit_that_covers(ConsumerRun& run, const Place& skipped) {
  std::string stored;
  for (const auto& call : run.calls()) {
    if (!is_commit(call) || call.value("when", "") != "before") continue;
    const std::string name = call.value("call", "");
    if (call.contains("message")) {
      const auto place = place_from_json(call["message"]);
      if (place.source == skipped.source && place.offset >= skipped.offset)
        return fmt::format("your own call of {} was given the record at offset {}", name, place.offset);
      continue;
    }
    if (!call.contains("offsets") || call["offsets"].is_null()) {
      stored = fmt::format(
          "your call of {} names no offsets, so it commits what the client has stored: unless "
          "enable.auto.offset.store is off, whatever was handed to you",
          name);
      continue;
    }
    for (const auto& entry : call["offsets"]) {
      const auto place = place_from_json(entry);
      if (place.source == skipped.source && place.offset > skipped.offset)
        return fmt::format("your own call of {} asked for offset {}", name, place.offset);
    }
  }
  return stored;
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
    if (hash != course::payload_hash(found->second->event)) {
      const auto other = std::ranges::find(
          records, hash, [](const Record& record) { return course::payload_hash(record.event); });
      if (other == records.end()) return changed_record(*found->second, hash);
      return Finding{"handler-named-another-place",
                     fmt::format("the record at {} of {} reaches the handler under that name",
                                 to_string(place_of(*other)), other->source.topic),
                     fmt::format("it came as the one at {} of {}", to_string(place), place.source.topic)};
    }
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
  if (const auto headers = event.headers.empty() ? "" : explained_by_headers(event, hash); !headers.empty())
    return finding("handler-lost-headers", headers.c_str());
  Event swapped = event;
  std::swap(swapped.key, swapped.value);
  if (course::payload_hash(swapped) == hash)
    return finding("handler-swapped-key-and-value", "key and value changed places");
  return finding("handler-got-other-bytes",
                 "other bytes (their hash is another one), by no slip that is known here");
}

Finding ahead_finding(ConsumerRun& run, const Place& skipped, const Offsets& committed,
                      const std::string& moment) {
  const std::string own = commit_that_covers(run, skipped);
  const bool automatic = own.empty() && run.commits_automatically();
  const std::string who = automatic ? "no call of yours asked for it: the client did so on its timer" : own;
  return {automatic ? "automatic-commit" : "committed-before-processing",
          fmt::format("{}: partition {} is committed up to offset {} at most", moment,
                      skipped.source.partition, skipped.offset),
          fmt::format("committed was {}, so a restart now would never handle {}{}",
                      committed.at(skipped.source), to_string(skipped), who.empty() ? "" : "; " + who)};
}

Finding lag_finding(ConsumerRun& run, const Offsets& committed, const Places& handled, std::size_t allowed,
                    const std::string& moment) {
  const std::string expected =
      fmt::format("{}: at most {} uncommitted", moment,
                  allowed == 1 ? "one handled record is" : fmt::format("{} handled records are", allowed));
  const std::string observed = fmt::format(
      "{} of {} handled records were uncommitted (committed offsets: {})", uncommitted(committed, handled),
      handled.size(), to_string(committed, next_offsets(handled)));
  const auto calls = run.calls();
  const auto is_result = [](const nlohmann::json& call) {
    return is_commit(call) && call.value("when", "") == "after";
  };
  const auto asked = std::ranges::count_if(calls, [](const auto& call) { return is_commit(call); });
  if (asked == 0 && run.commits_automatically())
    return {"automatic-commit", expected, observed + "; only the client's timer commits"};
  if (asked == 0) return {"never-commits", expected, observed + "; no commit was asked for"};
  if (const auto partition = off_by_one_in(run)) {
    return {"offset-off-by-one",
            fmt::format("committed is the offset of the next record to read, one behind the last handled: {}",
                        to_string(next_offsets(handled), next_offsets(handled))),
            fmt::format("{}; in partition {} each of your commits names the record that was just handled",
                        observed, partition->partition)};
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

std::string moment_of(ConsumerRun& run, const nlohmann::json& question) {
  const std::string call = question.value("call", "");
  const bool before = question.value("when", "") == "before";
  const Places returned = run.handled();
  Places handled;
  std::optional<Place> last;
  bool uncommitted_since = false;  // something was handled and no commit has been answered since
  for (const auto& message : run.learner().conversation().messages()) {
    if (is_hook(message)) {
      const auto place = place_from_json(message);
      if (!returned.contains(place)) continue;  // it is in work
      handled.insert(place);
      last = place;
      uncommitted_since = true;
    } else if (is_commit(message) && message.value("when", "") == "after") {
      uncommitted_since = false;
    }
  }
  if (is_hook(question)) {
    return fmt::format("while your handler worked on {} ({} handled before)",
                       to_string(place_from_json(question)),
                       handled.empty() ? "nothing" : std::to_string(handled.size()));
  }
  const std::string after_what =
      last ? fmt::format("after record {} ({}) was handled", handled.size(), to_string(*last))
           : std::string("before a record was handled");
  if (is_commit(question))
    return after_what + (before ? ", before its commit was sent" : ", when its commit had been answered");
  const std::string where = is_poll(question) ? fmt::format("{} the next poll", before ? "before" : "after")
                                              : fmt::format("{} {}", before ? "before" : "after", call);
  return fmt::format("{}{}, {}", after_what, last && uncommitted_since ? " and before it was committed" : "",
                     where);
}

}  // namespace grader
