#include "checks/framework/receipts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "5-exactly-once/receipt.hpp"
#include "support/payload_hash.hpp"
#include "support/printing.hpp"

namespace grader {
namespace {

using course::Record;

/// The record that a receipt names in its value or, failing that, in its header.
const Record* named_by(const course::Event& receipt, const std::vector<Record>& records) {
  for (const auto& record : records) {
    const auto expected = course::receipt_of(record);
    if (receipt.value == expected.value || (!receipt.headers.empty() && receipt.headers == expected.headers))
      return &record;
  }
  return nullptr;
}

std::string difference(const course::Event& expected, const course::Event& receipt) {
  if (receipt.key != expected.key) return fmt::format("its key is {}", course::printable(receipt.key, 40));
  if (receipt.value != expected.value)
    return fmt::format("its value is {}", course::printable(receipt.value, 60));
  return "its headers are others";
}

const nlohmann::json& list(const nlohmann::json& json, const char* name) {
  static const auto none = nlohmann::json::array();
  const auto found = json.find(name);
  return found == json.end() || !found->is_array() ? none : *found;
}

std::string text(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  return found == json.end() || !found->is_string() ? "" : found->get<std::string>();
}

bool writes_to(const Request& request, const std::string& topic) {
  return std::ranges::any_of(list(request.request(), "topicData"),
                             [&](const auto& one) { return text(one, "name") == topic; });
}

}  // namespace

bool Receipts::complete(const Places& records) const {
  return std::ranges::all_of(records, [&](const Place& place) { return of.contains(place); });
}

Receipts receipts_of(const std::vector<Record>& records, const std::vector<Record>& output) {
  Receipts receipts;
  std::map<std::pair<course::TopicPartition, course::TopicPartition>, std::int64_t> last;
  for (const auto& found : output) {
    const auto* record = named_by(found.event, records);
    if (record == nullptr) {
      receipts.fault = {
          "receipt-not-asked-for", "every receipt is of a record of the input",
          fmt::format("there is a record with the value {}, which no record of the input explains",
                      course::printable(found.event.value, 60))};
      continue;
    }
    const auto expected = course::receipt_of(*record);
    const auto place = place_of(*record);
    if (course::payload_hash(expected) != course::payload_hash(found.event)) {
      receipts.fault = {"receipt-changed",
                        fmt::format("the receipt of {} lies there as it was made", to_string(place)),
                        difference(expected, found.event)};
    }
    auto& before = last.try_emplace({found.source, place.source}, -1).first->second;
    if (place.offset < before && !receipts.of.contains(place)) {
      receipts.fault = {
          "receipts-out-of-order", "receipts lie in the order of their records",
          fmt::format("the receipt of {} lies behind that of offset {}", to_string(place), before)};
    }
    before = std::max(before, place.offset);
    ++receipts.of[place];
  }
  return receipts;
}

std::optional<Finding> count_fault(const Receipts& receipts, const Places& records,
                                   const Offsets& committed) {
  if (receipts.fault) return receipts.fault;
  for (const auto& [place, count] : receipts.of) {
    if (count > 1) {
      return Finding{"receipt-twice", "a read_committed reader finds each receipt once",
                     fmt::format("it finds that of {} {} times", to_string(place), count)};
    }
  }
  for (const auto& place : records) {
    if (receipts.of.contains(place)) continue;
    const auto found = committed.find(place.source);
    const bool behind = found != committed.end() && found->second > place.offset;
    return Finding{
        behind ? "receipt-lost" : "receipt-missing",
        "a read_committed reader finds a receipt of every record",
        fmt::format("it finds {} of {}; that of {} is missing{}", receipts.of.size(), records.size(),
                    to_string(place),
                    behind ? fmt::format(", although offset {} is committed", found->second) : "")};
  }
  return std::nullopt;
}

std::optional<Place> torn_apart(const Receipts& receipts, const Places& records, const Offsets& committed) {
  const auto found = std::ranges::find_if(records, [&](const Place& place) {
    const auto next = committed.find(place.source);
    const bool is_committed = next != committed.end() && place.offset < next->second;
    return is_committed != receipts.of.contains(place);
  });
  return found == records.end() ? std::nullopt : std::optional(*found);
}

std::optional<Finding> request_fault(const std::vector<Request>& requests, const std::string& output,
                                     const std::vector<std::string>& transactional_ids) {
  for (const auto& request : requests) {
    const auto& body = request.request();
    if (request.api() == "OFFSET_COMMIT") {
      return Finding{"offsets-outside-the-transaction",
                     "offsets are committed in the transaction, with TXN_OFFSET_COMMIT",
                     "the broker's request log has an OFFSET_COMMIT of your program"};
    }
    if (request.api() == "PRODUCE" && text(body, "transactionalId").empty() && writes_to(request, output)) {
      return Finding{"not-transactional", "receipts are written in a transaction",
                     "the broker's request log has a PRODUCE of your program without a transactional id"};
    }
    if (request.api() == "INIT_PRODUCER_ID") {
      const auto id = text(body, "transactionalId");
      if (!id.empty() && std::ranges::find(transactional_ids, id) == transactional_ids.end()) {
        return Finding{
            "another-transactional-id",
            fmt::format("the producer's transactional id is {}", fmt::join(transactional_ids, " or ")),
            "your client came to the broker as " + id};
      }
    }
    if (request.api() == "TXN_OFFSET_COMMIT" &&
        (text(body, "memberId").empty() || body.value("generationId", -1) < 0)) {
      return Finding{"offsets-in-nobodys-name",
                     "the offsets come with the member id and the generation of the consumer",
                     fmt::format("they came with the member id \"{}\" and the generation {}",
                                 text(body, "memberId"), body.value("generationId", -1))};
    }
  }
  return std::nullopt;
}

}  // namespace grader
