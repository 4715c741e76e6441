#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/record.hpp"

namespace grader {

/// A place in a program's life at which it can be killed: in the handler, or before or after a call into
/// librdkafka. It has a name rather than a number of calls, so that idle polls and threads do no harm:
/// the record that it is about, else the how manieth of its kind.
struct CrashPoint {
  std::string call;  ///< "handler", or librdkafka's function.
  std::string when;  ///< "in", "before", "after".
  std::optional<std::int32_t> partition{};
  std::int64_t offset = -1;  ///< With `partition`, the record.
  int nth = 0;               ///< Counted from 1 where there is no record.

  friend bool operator==(const CrashPoint&, const CrashPoint&) = default;
};

/// "while the handler works on partition 0, offset 3", "after rd_kafka_commit (the 2nd time)"
std::string to_string(const CrashPoint& point);

/// Points of one kind make the same mistake visible: "handler", "before poll", "after poll",
/// "before commit", "after commit", …; what happens around the end is one kind.
std::string kind_of(const CrashPoint& point);

/// Recognises the points in what one run of a program asks, in order. Points before the first record
/// reached the program don't count: there is nothing to lose or repeat yet.
class PointReader {
 public:
  std::optional<CrashPoint> read(const nlohmann::json& question);

 private:
  bool started_ = false;
  std::vector<std::pair<CrashPoint, int>> seen_;  ///< Without their number, and how often.
};

}  // namespace grader
