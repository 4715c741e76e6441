// What process_exactly_once promises (phases/5-exactly-once/process_exactly_once.hpp), checked against what
// readers of the output see, what the coordinator has, and the requests that the broker has logged.

#include <fmt/format.h>

#include <algorithm>

#include "checks/framework/ask_until.hpp"
#include "checks/framework/process_check.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;
using course::Record;

constexpr int rebalance_in_progress = 27;  // Kafka's number for it

/// Messages time out after a second. librdkafka 2.0.2 has skipped the sequence numbers of a batch that was
/// refused, so the transaction after it fails as well, and what that one still had in its queue stays there
/// until it times out: a program that flushes before it commits waits for that.
course::ClientConfig impatient(course::ClientConfig settings) {
  settings["message.timeout.ms"] = "1000";
  return settings;
}

}  // namespace

CORE_CHECK(ProcessCheck, writes_a_receipt_of_each,
           "a read_committed reader finds one receipt of each record, and the offsets are committed") {
  step("an input with records in two partitions, and your program that takes three of them at a time");
  const auto input = new_topic(2);
  auto records = seed(input, 2, 4);
  const Consuming consuming{.topics = {input}, .group = new_name("group"), .commit_every = 3};
  const auto run = consume(consuming);
  step("the output has one receipt of each record, as it was made; the group's offsets are committed");
  expect_receipts({run.get()}, consuming.group, records);
  step("of records that come later as well");
  std::ranges::copy(seed(input, 2, 2), std::back_inserter(records));
  expect_receipts({run.get()}, consuming.group, records);
  step("Ctrl+C: your function returns, the group is left, no transaction is open");
  expect_stops(*run);
  expect_left(consuming.group);
  step("the broker saw transactions under the id that was given, with the offsets in the member's name");
  expect_transactions_only(consuming.group);
  expect_no_open_transaction(consuming.group);
}

CORE_CHECK(ProcessCheck, commits_both_or_neither,
           "receipts and offsets come about together, and three records at most in one transaction") {
  step("an input with records in two partitions; your program is held at every step of a transaction");
  const auto input = new_topic(2);
  const auto records = seed(input, 2, 3);
  const Consuming consuming{.topics = {input},
                            .group = new_name("group"),
                            .commit_every = 3,
                            .settings = interleaved,
                            .hold = at_every_step()};
  const auto run = consume(consuming);
  step("at each of these moments a receipt can be seen if and only if the record's offset is committed");
  expect_together_at_every_step(*run, consuming, records);
  expect_receipts({run.get()}, consuming.group, records);
  expect_stops(*run);
}

CORE_CHECK(ProcessCheck, survives_any_crash,
           "wherever the program is killed, each receipt is there once when it was started again") {
  step("an input with records in two partitions, read three at a time");
  const auto input = new_topic(2);
  const auto records = seed(input, 2, 3);
  explore({.topics = {input}, .group = "", .commit_every = 3, .settings = interleaved}, records);
}

CORE_CHECK(ProcessCheck, goes_back_when_aborted,
           "an aborted transaction is made again: no record is skipped, no receipt is there twice") {
  step("eight records, four of which make a transaction, and an output that takes no receipt for now");
  const auto input = new_topic(2);
  const auto records = seed(input, 2, 4);
  const Consuming consuming{.topics = {input},
                            .group = new_name("group"),
                            .commit_every = 4,
                            .settings = impatient(interleaved),
                            .hold = [](const nlohmann::json& question) {
                              return is_call(question, "rd_kafka_abort_transaction", "after");
                            }};
  // Room for the mark that ends a transaction, and for no receipt. Refused is what is written, after the
  // transaction has begun at the broker. (A right that is missing is refused before, and librdkafka 2.0.2 may
  // end in a fatal error when it aborts what never began.)
  const auto output = output_of(consuming.group, {{"max.message.bytes", "100"}});
  const auto run = consume(consuming);
  const auto question = run->wait_for_question(soon());
  if (!question) {
    if (run->learner().ended()) explain(*run, {});
    throw Failed{{"not-aborted", "a transaction that can't be committed is aborted",
                  "10 s later your program had not called abort_transaction"}};
  }
  step("it has aborted, and the output takes receipts now: it makes the same ones again, and goes on");
  admin().set_topic(output, {});
  run->stop_holding();
  try {
    expect_receipts({run.get()}, consuming.group, records);
  } catch (Failed& failed) {
    if (failed.finding.diagnosis == "receipt-lost" || failed.finding.diagnosis == "receipt-missing")
      failed.finding.diagnosis = "skipped-after-abort";
    throw;
  }
  expect_stops(*run);
}

CORE_CHECK(ProcessCheck, failed_record_gets_no_receipt,
           "when making a receipt fails, the transaction is aborted and the exception goes on") {
  step("an input with five records, read three at a time");
  const auto input = new_topic(1);
  const auto records = seed(input, 1, 5);
  const auto failing = place_of(records[4]);
  const Consuming consuming{
      .topics = {input}, .group = new_name("group"), .commit_every = 3, .hold = at(failing)};
  step("the fourth is handled, and at the fifth, in the same transaction, your receipt maker throws");
  {
    const auto run = consume(consuming);
    run->let_fail(expect_held(*run, "the fifth record"));
    const auto threw = expect_throws(
        *run, {"exception-swallowed", "the caller gets the exception", "10 s later it had not got it"});
    if (!threw.value("of_handler", false)) {
      throw Failed{{"exception-replaced", "the caller gets the very exception that was thrown",
                    "it got another one: " + threw.value("text", "")}};
    }
  }
  step("that record has no receipt and is not committed; what is visible is committed, and nothing else");
  expect_both_or_neither(consuming.group, records, "after the exception");
  if (look(consuming.group, records).of.contains(failing)) {
    throw Failed{{"committed-over-a-failure", "the record whose receipt could not be made has none",
                  "it has one, and is committed"}};
  }
  expect_left(consuming.group);
  step("started again, your program makes good what is missing");
  auto again = consuming;
  again.hold = nullptr;
  const auto run = consume(again);
  expect_receipts({run.get()}, consuming.group, records);
  expect_stops(*run);
}

CORE_CHECK(ProcessCheck, second_run_sees_only_what_is_new, "a group goes on where it left off") {
  step("your program makes the receipts of an input, and is stopped");
  const auto input = new_topic(2);
  auto records = seed(input, 2, 2);
  const Consuming consuming{.topics = {input}, .group = new_name("group"), .commit_every = 2};
  {
    const auto first = consume(consuming);
    expect_receipts({first.get()}, consuming.group, records);
    expect_stops(*first);
  }
  step("it is started again under the same id, and one more record is written to each partition");
  const auto old = places_of(records);
  const auto second = consume(consuming);
  std::ranges::copy(seed(input, 2, 1), std::back_inserter(records));
  expect_receipts({second.get()}, consuming.group, records);
  step("it has handled the new ones only");
  for (const auto& place : second->handled()) {
    if (!old.contains(place)) continue;
    throw Failed{{"read-again", "records with a receipt are not handled again",
                  to_string(place) + " was handled by both runs"}};
  }
  expect_stops(*second);
}

EDGE_CHECK(ProcessCheck, a_zombie_is_fenced,
           "one that wakes up when its place has been taken writes nothing, and ends") {
  step("your program is held in the middle of a transaction, and taken for dead: its member is removed");
  const auto input = new_topic(1);
  const auto records = seed(input, 1, 4);
  Consuming consuming{
      .topics = {input}, .group = new_name("group"), .commit_every = 3, .hold = at(place_of(records[1]))};
  const auto zombie = consume(consuming);
  const auto asleep = expect_held(*zombie, "the second record");
  remove_members(consuming.group);
  step("another one is started under the same transactional id, and makes all receipts");
  consuming.hold = nullptr;
  const auto successor = consume(consuming);
  expect_receipts({successor.get()}, consuming.group, records);
  step("the first one wakes up: it ends with an error that says that it is fenced");
  zombie->let_go(asleep);
  expect_fenced(*zombie);
  step("each receipt is there once, as before");
  expect_receipts({successor.get()}, consuming.group, records);
  expect_stops(*successor);
}

EDGE_CHECK(ProcessCheck, a_lost_member_commits_nothing,
           "a worker that the group has given up aborts, and goes on as a new member") {
  step("a worker is held in the middle of a transaction, and the group gives it up");
  const auto input = new_topic(1);
  auto records = seed(input, 1, 3);
  Consuming consuming{.topics = {input},
                      .group = new_name("group"),
                      .commit_every = 2,
                      .settings = {{"heartbeat.interval.ms", "2000"}},  // it hears late that it was given up
                      .hold = at(place_of(records[1]))};
  const auto one = consume(consuming);
  expect_held(*one, "the second record");
  remove_members(consuming.group);
  step("a second worker, with a transactional id of its own, takes over");
  consuming.hold = nullptr;
  const auto two = consume_as(transactional_id_of(consuming.group) + "-2", consuming);
  expect_handled(*two, records, committed(consuming.group));
  step("the first one goes on: the broker refuses its offsets, and what it had begun never was");
  one->stop_holding();
  expect_receipts({one.get(), two.get()}, consuming.group, records);
  step("both go on working");
  std::ranges::copy(seed(input, 1, 2), std::back_inserter(records));
  expect_receipts({one.get(), two.get()}, consuming.group, records);
  if (one->learner().ended()) explain(*one, {});
  expect_stops(*two);
  expect_stops(*one);
}

EDGE_CHECK(ProcessCheck, settles_before_a_handover,
           "partitions change hands in the middle of a transaction, and each receipt is there once") {
  step("a worker has six records of two partitions before it, and is held at the first");
  const auto input = new_topic(2);
  auto records = seed(input, 2, 3);
  Consuming consuming{
      .topics = {input}, .group = new_name("group"), .commit_every = 100, .hold = first_record()};
  const auto one = consume(consuming);
  const auto working = expect_held(*one, "the first record");
  step("a second one joins, with a transactional id of its own: one of the partitions becomes its");
  consuming.hold = nullptr;
  const auto two = consume_as(transactional_id_of(consuming.group) + "-2", consuming);
  // Its next heartbeat tells the first one that a rebalance has begun; what it has fetched lies before that.
  const auto told = [](const Request& request) {
    return request.api() == "HEARTBEAT" && request.response().value("errorCode", 0) == rebalance_in_progress;
  };
  requests().wait_for(told, soon());
  one->let_go(working);
  expect_receipts({one.get(), two.get()}, consuming.group, records);
  step("records that come now are shared");
  std::ranges::copy(seed(input, 2, 2), std::back_inserter(records));
  expect_receipts({one.get(), two.get()}, consuming.group, records);
  expect_stops(*two);
  expect_stops(*one);
}

EDGE_CHECK(ProcessCheck, does_not_wait_for_more,
           "a transaction does not wait for records that may never come; idle time costs nothing") {
  step("three records, and a batch of a hundred: the receipts appear all the same");
  const auto input = new_topic(1);
  auto records = seed(input, 1, 3);
  const Consuming consuming{.topics = {input}, .group = new_name("group"), .commit_every = 100};
  const auto run = consume(consuming);
  run->wait_until_handled(places_of(records), soon());
  try {
    expect_receipts({run.get()}, consuming.group, records);
  } catch (Failed& failed) {
    if (failed.finding.diagnosis == "receipt-missing") failed.finding.diagnosis = "waits-for-a-full-batch";
    throw;
  }
  step("with nothing to read it waits, and uses next to no processor time");
  expect_waits_patiently(*run);
  step("a record that comes then gets its receipt; idle again, it sees the stop within a second");
  std::ranges::copy(seed(input, 1, 1), std::back_inserter(records));
  expect_receipts({run.get()}, consuming.group, records);
  expect_stops(*run);
}

EDGE_CHECK(ProcessCheck, stop_leaves_nothing_open,
           "asked to stop in the middle of a transaction, it settles it") {
  step("your program has been given the first of four records, with a batch of a hundred");
  const auto input = new_topic(1);
  const auto records = seed(input, 1, 4);
  const Consuming consuming{
      .topics = {input}, .group = new_name("group"), .commit_every = 100, .hold = first_record()};
  const auto run = consume(consuming);
  const auto working = expect_held(*run, "the first record");
  step("Ctrl+C: it returns, and what was handled has its receipts and is committed");
  run->learner().interrupt();
  run->let_go(working);
  expect_stops(*run, true);
  expect_both_or_neither(consuming.group, records, "when your function has returned");
  expect_no_open_transaction(consuming.group);
  const auto offsets = committed(consuming.group);
  if (const auto open = uncommitted(offsets, run->handled()); open > 0) {
    throw Failed{{"not-all-committed-on-return",
                  "when your function has returned, what was handled is committed",
                  fmt::format("{} handled record(s) were not", open)}};
  }
  expect_left(consuming.group);
}

EDGE_CHECK(ProcessCheck, a_refused_receipt_is_not_skipped,
           "a receipt that the client does not take is an error, and its record is not passed over") {
  step("five records, the fourth of which has a receipt that is too large for the client");
  const auto input = new_topic(1);
  const auto records = seed_with_a_large_fourth(input);
  Consuming consuming{.topics = {input},
                      .group = new_name("group"),
                      .commit_every = 3,
                      .settings = {{"message.max.bytes", "2000"}}};
  step("your function ends within a few seconds, with an error that says why");
  {
    const auto run = consume(consuming);
    const auto threw =
        expect_throws(*run, {"refused-receipt-passed-over",
                             "a receipt that can't be sent ends the call with a std::runtime_error",
                             "10 s later it had not ended with an error"});
    if (!run->handled().contains(place_of(records[3]))) {
      throw Failed{{"gave-up-on-an-error", "it ends when the receipt of the fourth record is refused",
                    "it ended before: " + threw.value("text", "")}};
    }
  }
  expect_both_or_neither(consuming.group, records, "after the error");
  step("started with room for it, your program makes good what is missing");
  consuming.settings.clear();
  const auto run = consume(consuming);
  expect_receipts({run.get()}, consuming.group, records);
  expect_stops(*run);
}

EDGE_CHECK(ProcessCheck, gives_up_on_what_the_broker_never_takes,
           "a receipt that the broker refuses again and again ends the call, and is not skipped") {
  step("five records, the fourth of which has a receipt that is too large for the output topic");
  const auto input = new_topic(1);
  const auto records = seed_with_a_large_fourth(input);
  const Consuming consuming{
      .topics = {input}, .group = new_name("group"), .commit_every = 3, .settings = impatient({})};
  output_of(consuming.group, {{"max.message.bytes", "2000"}});
  const auto run = consume(consuming);
  step("your function ends within a few seconds, with an error");
  expect_throws(*run, {"never-gives-up", "what keeps failing ends the call with a std::runtime_error",
                       "10 s later it had not ended with an error"});
  step("what came before is there once, and nothing is committed without a receipt");
  expect_both_or_neither(consuming.group, records, "after the error");
  expect_left(consuming.group);
}

EDGE_CHECK(ProcessCheck, waits_out_a_full_queue, "a full local queue is waited out") {
  step("ten records, and a client whose queue holds three messages");
  const auto input = new_topic(1);
  const auto records = seed(input, 1, 10);
  const Consuming consuming{.topics = {input},
                            .group = new_name("group"),
                            .commit_every = 10,
                            .settings = {{"queue.buffering.max.messages", "3"}, {"linger.ms", "300"}}};
  const auto run = consume(consuming);
  step("each of them gets its receipt");
  expect_receipts({run.get()}, consuming.group, records);
  expect_stops(*run);
}

EDGE_CHECK(ProcessCheck, aborted_input_is_no_input, "records of an aborted transaction get no receipt") {
  step("an input with two records, two that were written in an aborted transaction, and two more");
  const auto input = new_topic(1);
  auto records = seed(input, 1, 2);
  std::vector<Seed> aborted;
  for (int i = 0; i < 2; ++i)
    aborted.push_back(
        {.partition = 0, .event = {.key = random_text(4), .value = "aborted " + random_text(8)}});
  write_aborted(cluster().admin, input, aborted, new_name("aborted"));
  std::ranges::copy(seed(input, 1, 2), std::back_inserter(records));
  const Consuming consuming{.topics = {input}, .group = new_name("group"), .commit_every = 3};
  const auto run = consume(consuming);
  step("the output has receipts of the four, and no others");
  expect_receipts({run.get()}, consuming.group, records);
  expect_stops(*run);
}

EDGE_CHECK(ProcessCheck, passes_on_every_byte, "receipts arrive byte for byte") {
  step("records with null and empty keys and values, NUL bytes, and equal keys");
  const auto input = new_topic(1);
  const std::string nul(1, '\0');
  std::vector<Seed> seeds;
  for (const auto& event : std::vector<course::Event>{
           {.key = "k" + nul + random_text(4), .value = random_text(4) + nul + random_text(4)},
           {.key = std::nullopt, .value = random_text(8)},
           {.key = "", .value = random_text(8)},
           {.key = random_text(4), .value = std::nullopt},
           {.key = random_text(4), .value = ""},
           {.key = nul, .value = "\xff\xfe" + random_text(4)}}) {
    seeds.push_back({.partition = 0, .event = event});
  }
  const auto records = seed(input, seeds);
  const Consuming consuming{.topics = {input}, .group = new_name("group"), .commit_every = 4};
  const auto run = consume(consuming);
  step("each has its receipt, with the key, value and header that were made");
  expect_receipts({run.get()}, consuming.group, records);
  expect_stops(*run);
}

EDGE_CHECK(ProcessCheck, refuses_an_unusable_config,
           "a config from which no client can be made is an error, not a silence") {
  const auto input = new_topic(1);
  step("a property that does not exist");
  expect_refuses({.topics = {input}, .group = new_name("group"), .settings = {{"no.such.property", "1"}}},
                 "there is no property no.such.property");
}

}  // namespace grader
