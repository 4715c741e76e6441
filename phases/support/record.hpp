#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "support/event.hpp"

namespace course {

/// One partition of one topic: the unit that a consumer group hands out.
struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;

  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

/// What a consumer reads: an event and the place where the broker keeps it.
/// It owns its bytes, so it may outlive the client library's message.
struct Record {
  TopicPartition source;
  std::int64_t offset = 0;  ///< Position in the partition, counted from 0.
  Event event;
};

/// The work that is done for each record. It may take long, and it may throw: then the record
/// counts as not handled.
using Handler = std::function<void(const Record&)>;

}  // namespace course
