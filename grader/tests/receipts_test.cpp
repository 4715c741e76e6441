// What readers of an output and the request log say about a program that is to be exactly once.

#include "checks/framework/receipts.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "5-exactly-once/receipt.hpp"

namespace {

using course::Record;
using grader::Offsets;
using grader::Place;

const course::TopicPartition input{.topic = "orders", .partition = 0};

std::vector<Record> orders(int count) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    records.push_back(
        {.source = input, .offset = i, .event = {.key = "k", .value = "v" + std::to_string(i)}});
  }
  return records;
}

/// An output with the receipts of these orders, in this order.
std::vector<Record> output(const std::vector<Record>& of) {
  std::vector<Record> records;
  for (const auto& order : of) {
    records.push_back({.source = {.topic = "receipts", .partition = 0},
                       .offset = static_cast<std::int64_t>(records.size()),
                       .event = course::receipt_of(order)});
  }
  return records;
}

std::string fault(const std::optional<grader::Finding>& finding) {
  return finding ? finding->diagnosis : "";
}

TEST(Receipts, AreCountedForEachRecord) {
  const auto all = orders(3);
  const auto places = grader::places_of(all);
  const auto good = grader::receipts_of(all, output(all));
  EXPECT_TRUE(good.complete(places));
  EXPECT_EQ(fault(grader::count_fault(good, places, {{input, 3}})), "");

  const auto twice = grader::receipts_of(all, output({all[0], all[1], all[1], all[2]}));
  EXPECT_EQ(fault(grader::count_fault(twice, places, {})), "receipt-twice");
  const auto two = grader::receipts_of(all, output({all[0], all[2]}));
  EXPECT_FALSE(two.complete(places));
  EXPECT_EQ(fault(grader::count_fault(two, places, {{input, 1}})), "receipt-missing");
  EXPECT_EQ(fault(grader::count_fault(two, places, {{input, 3}})), "receipt-lost");
}

TEST(Receipts, AreComparedWithWhatWasMade) {
  const auto all = orders(2);
  EXPECT_EQ(fault(grader::receipts_of(all, output({all[1], all[0]})).fault), "receipts-out-of-order");
  auto changed = output(all);
  changed[1].event.key = "";
  EXPECT_EQ(fault(grader::receipts_of(all, changed).fault), "receipt-changed");
  changed[1].event = {.key = "k", .value = "something"};
  EXPECT_EQ(fault(grader::receipts_of(all, changed).fault), "receipt-not-asked-for");
}

TEST(Receipts, ComeAboutWithTheirOffsets) {
  const auto all = orders(3);
  const auto places = grader::places_of(all);
  const auto two = grader::receipts_of(all, output({all[0], all[1]}));
  EXPECT_EQ(grader::torn_apart(two, places, {{input, 2}}), std::nullopt);
  EXPECT_EQ(grader::torn_apart(two, places, {{input, 1}}), (Place{.source = input, .offset = 1}));
  EXPECT_EQ(grader::torn_apart(two, places, {{input, 3}}), (Place{.source = input, .offset = 2}));
}

TEST(RequestFault, NamesWhatHasNoPlaceInATransaction) {
  const auto of = [](const char* api, nlohmann::json request) {
    return fault(grader::request_fault(
        {{.json = {{"requestHeader", {{"requestApiKeyName", api}}}, {"request", std::move(request)}}}},
        "receipts", {"id-1"}));
  };
  const nlohmann::json to_receipts = nlohmann::json::array({{{"name", "receipts"}}});
  EXPECT_EQ(of("OFFSET_COMMIT", {{"groupId", "g"}}), "offsets-outside-the-transaction");
  EXPECT_EQ(of("PRODUCE", {{"transactionalId", nullptr}, {"topicData", to_receipts}}), "not-transactional");
  EXPECT_EQ(of("PRODUCE", {{"transactionalId", "id-1"}, {"topicData", to_receipts}}), "");
  EXPECT_EQ(of("INIT_PRODUCER_ID", {{"transactionalId", "id-2"}}), "another-transactional-id");
  EXPECT_EQ(of("TXN_OFFSET_COMMIT", {{"memberId", ""}, {"generationId", -1}}), "offsets-in-nobodys-name");
  EXPECT_EQ(of("TXN_OFFSET_COMMIT", {{"memberId", "m"}, {"generationId", 1}}), "");
}

}  // namespace
