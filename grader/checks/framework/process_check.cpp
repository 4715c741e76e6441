#include "checks/framework/process_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "checks/framework/ask_until.hpp"
#include "checks/framework/consumer_findings.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;
using course::Record;

/// To read a topic back makes a client; more often than that helps nobody.
constexpr auto between_two_looks = 30ms;

}  // namespace

std::unique_ptr<ConsumerRun> ProcessCheck::consume(const Consuming& consuming) {
  return consume_as(transactional_id_of(consuming.group), consuming);
}

std::unique_ptr<ConsumerRun> ProcessCheck::consume_as(const std::string& transactional_id,
                                                      const Consuming& consuming) {
  {
    const std::lock_guard lock(requests_mutex_);
    transactional_ids_.push_back(transactional_id);
  }
  return start_run("process",
                   {"--input", consuming.topics.front(), "--output", output_of(consuming.group), "--group",
                    consuming.group, "--transactional-id", transactional_id, "--batch",
                    std::to_string(consuming.commit_every)},
                   consuming,
                   {{"auto.commit.interval.ms", "20"},
                    {"fetch.wait.max.ms", "100"},
                    {"heartbeat.interval.ms", "100"},
                    {"partition.assignment.strategy", "range"}});
}

std::string ProcessCheck::output_of(const std::string& group, const Admin::TopicSettings& settings) {
  const std::lock_guard lock(outputs_mutex_);
  const auto known = outputs_.find(group);
  if (known != outputs_.end()) return known->second;
  const std::string topic = group + "-receipts";
  create_topic(topic, 1, settings);
  return outputs_[group] = topic;
}

Receipts ProcessCheck::look(const std::string& group, const std::vector<Record>& records,
                            Isolation isolation) {
  auto receipts = receipts_of(records, read_topic(cluster().admin, output_of(group), isolation));
  auto seen = nlohmann::json::array();
  for (const auto& [place, count] : receipts.of) {
    seen.push_back({{"partition", place.source.partition}, {"offset", place.offset}, {"times", count}});
  }
  timeline().add(
      "records", "receipts",
      {{"group", group},
       {"isolation", isolation == Isolation::read_committed ? "read_committed" : "read_uncommitted"},
       {"receipts", seen}});
  return receipts;
}

void ProcessCheck::expect_receipts(const std::vector<ConsumerRun*>& runs, const std::string& group,
                                   const std::vector<Record>& records) {
  const auto seeded = places_of(records);
  const auto wanted = next_offsets(seeded);
  const auto all_ended = [&] {
    return std::ranges::all_of(runs, [](auto* run) { return run->learner().ended().has_value(); });
  };
  const auto deadline = soon();
  Receipts receipts;
  Offsets offsets;
  while (Clock::now() < deadline) {
    offsets = committed(group);
    receipts = look(group, records);
    const bool twice = std::ranges::any_of(receipts.of, [](const auto& one) { return one.second > 1; });
    if (receipts.fault || twice || (offsets == wanted && receipts.complete(seeded))) break;
    if (all_ended()) explain(*runs.back(), {});
    std::this_thread::sleep_for(between_two_looks);
  }
  if (const auto fault = count_fault(receipts, seeded, offsets)) throw Failed{with_cause(*fault, group)};
  if (offsets == wanted) return;
  const bool by_one = std::ranges::all_of(wanted, [&](const auto& one) {
    return offsets.contains(one.first) && offsets.at(one.first) == one.second - 1;
  });
  throw Failed{with_cause({by_one ? "offset-off-by-one" : "receipts-without-offsets",
                           "committed with the receipts: " + to_string(wanted, wanted),
                           "committed: " + to_string(offsets, wanted)},
                          group)};
}

void ProcessCheck::expect_both_or_neither(const std::string& group, const std::vector<Record>& records,
                                          const std::string& moment) {
  const auto seeded = places_of(records);
  Offsets offsets;
  Receipts receipts;
  // The end of a transaction reaches the output and the group's offsets one after the other.
  const auto torn = ask_until(
      [&] {
        offsets = committed(group);
        receipts = look(group, records);
        return torn_apart(receipts, seeded, offsets);
      },
      [](const auto& found) { return !found; }, Clock::now() + 1s);
  if (receipts.fault) throw Failed{*receipts.fault};
  if (!torn) return;
  const bool has_receipt = receipts.of.contains(*torn);
  throw Failed{with_cause(
      {has_receipt ? "receipts-without-offsets" : "offsets-without-receipts",
       moment + ": a record is committed if and only if its receipt can be seen",
       fmt::format("{} {}; committed: {}", to_string(*torn),
                   has_receipt
                       ? "has a receipt and is not committed, so a restart now would write another one"
                       : "is committed and has no receipt, so a restart now would never write it",
                   to_string(offsets, next_offsets(seeded)))},
      group)};
}

Finding ProcessCheck::with_cause(Finding finding, const std::string& group) {
  if (!cluster().request_log) return finding;
  const std::lock_guard lock(requests_mutex_);
  auto cause = request_fault(requests().read(), output_of(group), transactional_ids_);
  if (!cause) return finding;
  cause->observed += "; so " + finding.observed;
  return *cause;
}

std::vector<Record> ProcessCheck::seed_with_a_large_fourth(const std::string& topic) {
  std::vector<Seed> seeds;
  for (int i = 0; i < 5; ++i) {
    seeds.push_back({.partition = 0, .event = {.key = "key", .value = random_text(i == 3 ? 3000 : 10)}});
  }
  return seed(topic, seeds);
}

void ProcessCheck::expect_transactions_only(const std::string& group) {
  note_requests();
  const std::lock_guard lock(requests_mutex_);
  const auto& all = requests().read();
  if (const auto fault = request_fault(all, output_of(group), transactional_ids_)) throw Failed{*fault};
  const auto has = [&](const char* api) {
    return std::ranges::any_of(all, [&](const Request& request) { return request.api() == api; });
  };
  for (const auto* api : {"INIT_PRODUCER_ID", "TXN_OFFSET_COMMIT", "END_TXN"}) {
    if (has(api)) continue;
    throw Failed{{"not-transactional", "receipts and offsets are committed in a transaction",
                  fmt::format("the broker's request log has no {} of your program", api)}};
  }
}

void ProcessCheck::expect_no_open_transaction(const std::string& group) {
  const auto all = read_topic(cluster().admin, output_of(group), Isolation::read_uncommitted).size();
  // A sentinel behind everything: a read_committed reader comes by it only if nothing before it is open.
  const auto sentinel =
      seed(output_of(group), std::vector<Seed>{{.partition = 0, .event = {.key = "end", .value = "end"}}});
  const auto seen = [&] {
    const auto records = read_topic(cluster().admin, output_of(group), Isolation::read_committed);
    return !records.empty() && records.back().offset == sentinel.front().offset;
  };
  if (ask_until(
          seen, [](bool end) { return end; }, Clock::now() + 1s))
    return;
  throw Failed{
      {"transaction-left-open",
       "when your function has returned, no transaction is open: read_committed readers get to the end",
       fmt::format("readers are stopped at a transaction that waits for its end ({} records are there)",
                   all)}};
}

Question ProcessCheck::expect_held(ConsumerRun& run, const std::string& where) {
  if (auto question = run.wait_for_question(soon())) return *question;
  explain(run, {"nothing-handled", "your program comes by " + where, "it did not, within 10 s"});
}

ProcessCheck::Outcome ProcessCheck::crash_at(const CrashPoint& point, Consuming consuming,
                                             const std::vector<Record>& records) {
  Outcome outcome{.point = point};
  try {
    const auto held = run_up_to(point, consuming, records);
    if (!held) return outcome;
    outcome.reached = true;
    kill_and_remove(*held->first, consuming.group);
    const auto successor = consume(consuming);
    try {
      expect_receipts({successor.get()}, consuming.group, records);
    } catch (Failed& failed) {
      failed.finding.observed =
          fmt::format("killed {}, and started again: {}", to_string(point), failed.finding.observed);
      throw;
    }
    kill_and_remove(*successor, consuming.group);
  } catch (const Failed& failed) {
    outcome.finding = failed.finding;
  } catch (...) {
    outcome.error = std::current_exception();
  }
  return outcome;
}

bool is_call(const nlohmann::json& question, const std::string& call, const std::string& when) {
  return question.value("call", "") == call && question.value("when", "") == when;
}

}  // namespace grader
