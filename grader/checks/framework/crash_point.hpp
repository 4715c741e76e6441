#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/record.hpp"

namespace grader {

/// A place in a program's life at which it can be killed: in the handler, or before or after a call into
/// librdkafka. It has a name rather than a number of calls, so that idle polls and threads do no harm.
/// The handler is known by what the program did just before, not by its record: whoever commits first
/// shows it only straight after a commit, and partitions take turns differently in every run.
struct CrashPoint {
  std::string call;  ///< "handler", or librdkafka's function.
  std::string when;  ///< "in", "before", "after".
  std::optional<std::int32_t> partition{};
  std::int64_t offset = -1;  ///< With `partition`, the record.
  int nth = 0;               ///< Counted from 1 where there is no record.
  std::string after{};       ///< For the handler, the kind of point before it.

  friend bool operator==(const CrashPoint&, const CrashPoint&) = default;
};

/// "in the handler (the 2nd time after a commit)", "after rd_kafka_commit (the 2nd time)"
std::string to_string(const CrashPoint& point);

/// Points of one kind make the same mistake visible: "in the handler, after a poll",
/// "before a poll", "after a commit", …; what happens around the end is one kind.
std::string kind_of(const CrashPoint& point);

/// Recognises the points in what one run of a program asks, in order. Points before the first record
/// reached the program don't count: there is nothing to lose or repeat yet.
class PointReader {
 public:
  std::optional<CrashPoint> read(const nlohmann::json& question);

 private:
  std::optional<CrashPoint> name_of(const nlohmann::json& question);

  bool started_ = false;
  std::string previous_ = "at the start";
  std::vector<std::pair<CrashPoint, int>> seen_;  ///< Without their number, and how often.
};

}  // namespace grader
