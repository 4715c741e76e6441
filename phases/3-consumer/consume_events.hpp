#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "support/client_config.hpp"
#include "support/record.hpp"

namespace course {

/// Reads `topics` as a member of the group `config["group.id"]` and calls `handler` for every record,
/// until `stop` is requested.
///
/// What is read
/// - A group that has committed goes on behind its last committed offset. A new group starts with the
///   earliest record, unless `config` says otherwise (`auto.offset.reset`).
/// - `handler` is called on one record at a time, within a partition in the order of the offsets.
///   It gets the record as it lies in the log, byte for byte: key, value and headers may be absent
///   (null), empty, or hold any byte, NUL included.
///
/// What is committed: at-least-once processing, wherever the program dies
/// - An offset is committed only after `handler` has returned for every record before it. Committed
///   is the offset of the next record to read, one behind the last that was handled.
/// - Never more than `commit_every` handled records are uncommitted (at least 1), so that a crash
///   repeats at most that many.
/// - When `handler` throws: what was handled before is committed; that record and those behind it in
///   its partition are not; the group is left; the exception goes on to the caller.
///
/// How it ends
/// - Idle time is not an end: an empty topic is waited at. `stop` is seen within a second, even then.
/// - On return everything handled is committed, and the group has been left, so that its other
///   members take over at once instead of waiting for a time-out.
/// - Errors from which the client recovers by itself (a broker out of reach, a topic that does not
///   exist yet) are survived. Fatal ones, and a `config` from which no consumer can be made, end the
///   call with a `std::runtime_error`.
void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop);

}  // namespace course
