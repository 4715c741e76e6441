#pragma once

#include <fmt/format.h>

#include "support/record.hpp"

namespace course {

/// The receipt of an order: keyed as the order is, so that the receipts of a user lie together. The header
/// names the order, as "partition/offset".
inline Event receipt_of(const Record& order) {
  const std::string place = fmt::format("{}/{}", order.source.partition, order.offset);
  return {.key = order.event.key,
          .value = fmt::format("receipt for {}: {}", place, order.event.value.value_or("nothing")),
          .headers = {{.name = "order", .value = place}}};
}

}  // namespace course
