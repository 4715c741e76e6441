#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/client_config.hpp"

namespace grader {

/// What a member of a group does for an experiment. It is handed over as JSON, in the environment variable
/// `member_plan_variable`; the line to the experiment (a socket of whole messages) is `member_line`.
///
/// On the line it tells, as JSON objects with "at" (steady clock, ns) and "kind": assigned, revoked, lost
/// (with "partitions"); handling, handled, failed, committed, holding (with "partitions", "offset", "value");
/// at-end (with "partitions", "offset": all before that was read); no-offset (it does not know where to
/// begin); closing, closed; error (with "value"). It is told "release" and "close".
struct MemberPlan {
  std::string name;
  course::ClientConfig config;
  std::string topic;
  /// When it commits what it has handled: "before" or "after" each record, "on-revoke", "never" (which leaves
  /// it to the client's own settings).
  std::string commit = "after";
  int work_ms = 0;  ///< How long it takes for a record.
  /// It stops at the n-th record, counted from 1 (0: nowhere), until it is released: "in-handler", or
  /// "between" the first and the second of handling and committing.
  int hold_at = 0;
  std::string hold_where = "in-handler";
  int fail_at = 0;     ///< Its handler fails at the n-th record: it closes its consumer, and ends.
  int stop_after = 0;  ///< It closes its consumer after so many records, and ends (0: when it is told to).

  NLOHMANN_DEFINE_TYPE_INTRUSIVE(MemberPlan, name, config, topic, commit, work_ms, hold_at, hold_where,
                                 fail_at, stop_after)
};

inline constexpr const char* member_plan_variable = "COURSE_MEMBER_PLAN";
inline constexpr const char* member_line_variable = "COURSE_MEMBER_LINE";

}  // namespace grader
