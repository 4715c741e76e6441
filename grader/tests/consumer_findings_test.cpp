// What the checks of consumers conclude from: places and offsets, the order of handler calls, crash points.

#include "checks/framework/consumer_findings.hpp"

#include <gtest/gtest.h>

#include "checks/framework/crash_point.hpp"
#include "support/payload_hash.hpp"

namespace {

using namespace std::string_literals;
using course::Event;
using course::Record;
using grader::CrashPoint;
using grader::HandlerCall;
using grader::Offsets;
using grader::Place;
using grader::Places;
using nlohmann::json;

Place at(std::int32_t partition, std::int64_t offset) {
  return {.source = {.topic = "t", .partition = partition}, .offset = offset};
}

std::vector<Record> some_records() {
  std::vector<Record> records;
  for (std::int32_t partition : {0, 1}) {
    for (std::int64_t offset = 0; offset < 3; ++offset) {
      const auto value = std::to_string(partition) + std::to_string(offset);
      records.push_back({.source = {.topic = "t", .partition = partition},
                         .offset = offset,
                         .event = {.key = "k", .value = value}});
    }
  }
  return records;
}

std::vector<HandlerCall> calls_for(const std::vector<Record>& records, const std::vector<Place>& places) {
  std::vector<HandlerCall> calls;
  for (const auto& place : places) {
    const auto found = std::ranges::find(records, place, grader::place_of);
    calls.push_back(
        {.place = place, .hash = found == records.end() ? "" : course::payload_hash(found->event)});
  }
  return calls;
}

std::string fault(const std::vector<Place>& places, const Offsets& starts = {}) {
  const auto records = some_records();
  const auto finding = grader::sequence_fault(calls_for(records, places), records, starts);
  return finding ? finding->diagnosis : "";
}

TEST(Places, AbsentIsNotZero) {
  const Places handled{at(0, 0), at(0, 1), at(1, 0)};
  EXPECT_EQ(grader::uncommitted({}, handled), 3U);
  EXPECT_EQ(grader::uncommitted({{{"t", 0}, 1}}, handled), 2U);
  EXPECT_EQ(grader::next_offsets(handled), (Offsets{{{"t", 0}, 2}, {{"t", 1}, 1}}));
}

TEST(Places, FindsWhatARestartWouldSkip) {
  const Places seeded{at(0, 0), at(0, 1), at(0, 2)};
  EXPECT_EQ(grader::committed_ahead({}, seeded, {}), std::nullopt);
  EXPECT_EQ(grader::committed_ahead({{{"t", 0}, 1}}, seeded, {at(0, 0)}), std::nullopt);
  EXPECT_EQ(grader::committed_ahead({{{"t", 0}, 2}}, seeded, {at(0, 0)}), at(0, 1));
  EXPECT_EQ(grader::committed_ahead({{{"t", 0}, 3}}, seeded, {at(0, 0), at(0, 2)}), at(0, 1))
      << "a gap counts";
}

TEST(SequenceFault, TellsNearCausesApart) {
  EXPECT_EQ(fault({at(0, 0), at(1, 0), at(0, 1), at(1, 1)}), "");
  EXPECT_EQ(fault({at(0, 1)}), "started-too-late");
  EXPECT_EQ(fault({at(0, 0), at(0, 2)}), "record-skipped");
  EXPECT_EQ(fault({at(0, 0), at(0, 2), at(0, 1)}), "handled-out-of-order");
  EXPECT_EQ(fault({at(0, 0), at(0, 1), at(0, 0)}), "handled-twice");
  EXPECT_EQ(fault({at(0, 0), at(2, 0)}), "handled-what-is-not-there");
  EXPECT_EQ(fault({at(0, 2)}, {{{"t", 0}, 2}}), "") << "a group goes on where it was";
  EXPECT_EQ(fault({at(0, 1)}, {{{"t", 0}, 2}}), "read-again");
}

TEST(ChangedRecord, RecognisesCommonSlips) {
  const auto diagnosis = [](const Event& event, const Event& got) {
    return grader::changed_record({.source = {}, .offset = 0, .event = event}, course::payload_hash(got))
        .diagnosis;
  };
  EXPECT_EQ(diagnosis({.key = "a\0b"s, .value = "c\0d"s}, {.key = "a", .value = "c"}), "handler-cut-at-nul");
  EXPECT_EQ(diagnosis({.key = "a", .value = "c\0d"s}, {.key = "a", .value = "c"}), "handler-cut-at-nul");
  EXPECT_EQ(diagnosis({.key = std::nullopt, .value = "v"}, {.key = "", .value = "v"}),
            "handler-confused-null-and-empty");
  EXPECT_EQ(diagnosis({.key = "", .value = "v"}, {.key = std::nullopt, .value = "v"}),
            "handler-confused-null-and-empty");
  EXPECT_EQ(diagnosis({.key = "k", .value = "v", .headers = {{"h", "x"}}}, {.key = "k", .value = "v"}),
            "handler-lost-headers");
  EXPECT_EQ(diagnosis({.key = "k", .value = "v"}, {.key = "v", .value = "k"}),
            "handler-swapped-key-and-value");
  EXPECT_EQ(diagnosis({.key = "k", .value = "v"}, {.key = "k", .value = "w"}), "handler-got-other-bytes");
}

TEST(PointReader, NamesPointsAndLeavesOutWhatComesBeforeTheFirstRecord) {
  const json poll_before{{"kind", "call"}, {"call", "rd_kafka_consumer_poll"}, {"when", "before"}};
  const json record{{"topic", "t"}, {"partition", 1}, {"offset", 4}};
  json poll_after = poll_before;
  poll_after.update({{"when", "after"}, {"records", {record}}});
  json hook = record;
  hook["kind"] = "hook";
  const json commit{{"kind", "call"}, {"call", "rd_kafka_commit"}, {"when", "after"}, {"async", true}};
  json settled = commit;
  settled["settled"] = true;

  grader::PointReader reader;
  EXPECT_EQ(reader.read(poll_before), std::nullopt);
  EXPECT_EQ(reader.read(poll_after),
            (CrashPoint{.call = "rd_kafka_consumer_poll", .when = "after", .partition = 1, .offset = 4}));
  EXPECT_EQ(reader.read(hook),
            (CrashPoint{.call = "handler", .when = "in", .nth = 1, .after = "after a poll"}));
  EXPECT_EQ(reader.read(commit), std::nullopt) << "it may still be on its way";
  EXPECT_EQ(reader.read(settled), (CrashPoint{.call = "rd_kafka_commit", .when = "after", .nth = 1}));
  EXPECT_EQ(reader.read(settled)->nth, 2);
  EXPECT_EQ(to_string(*reader.read(settled)), "after rd_kafka_commit (the 3rd time)");
  EXPECT_EQ(kind_of(*reader.read(hook)), "in the handler, after a commit");
  EXPECT_EQ(kind_of(*reader.read(poll_before)), "before a poll");
}

}  // namespace
