#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checks/framework/places.hpp"
#include "evidence/request_log.hpp"
#include "report/verdict.hpp"

namespace grader {

/// The receipts that a reader of the output sees, by the record that each is for.
struct Receipts {
  std::map<Place, int> of;  ///< How many; absent without any.
  std::optional<Finding>
      fault{};  ///< A receipt that no record explains, that was changed, or that lies out of order.

  [[nodiscard]] bool complete(const Places& records) const;
};

/// Reads `output` as receipts of `records` (phases/5-exactly-once/receipt.hpp).
Receipts receipts_of(const std::vector<course::Record>& records, const std::vector<course::Record>& output);

/// What is wrong with receipts that had the time to appear: missing, or there twice. Nothing if all of
/// `records` have exactly one.
std::optional<Finding> count_fault(const Receipts& receipts, const Places& records, const Offsets& committed);

/// A record that has a receipt but is not committed, or the reverse: the two did not come about together.
std::optional<Place> torn_apart(const Receipts& receipts, const Places& records, const Offsets& committed);

/// What the requests of a program show that has no place in an exactly-once program: receipts or offsets
/// outside of a transaction, another transactional id, offsets in nobody's name. `transactional_ids` are
/// those that the check gave.
std::optional<Finding> request_fault(const std::vector<Request>& requests, const std::string& output,
                                     const std::vector<std::string>& transactional_ids);

}  // namespace grader
