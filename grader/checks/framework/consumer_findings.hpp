#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checks/framework/consumer_run.hpp"
#include "report/verdict.hpp"

namespace grader {

/// What is wrong with how the handler was called, if anything: each partition from its first record (or
/// from `starts`) on, one after the other, every record as it lies in the log. Says nothing about
/// records that are still to come.
std::optional<Finding> sequence_fault(const std::vector<HandlerCall>& calls,
                                      const std::vector<course::Record>& records, const Offsets& starts = {});

/// Why the handler was given something else than the record that lies at this place.
Finding changed_record(const course::Record& record, const std::string& hash);

/// A record was committed that nobody had handled: by the program's own commit, or by automatic commit.
/// `moment` says when that was seen: "while …".
Finding ahead_finding(ConsumerRun& run, const Place& skipped, const Offsets& committed,
                      const std::string& moment);

/// More handled records than allowed were uncommitted, for the reason that the program's calls show.
Finding lag_finding(ConsumerRun& run, const Offsets& committed, const Places& handled, std::size_t allowed,
                    const std::string& moment);

/// The moment of a question in the life of its run: "while your handler worked on partition 0, offset 3 (2
/// handled before)", "after record 4 (partition 1, offset 1) was handled, before its commit was sent".
std::string moment_of(ConsumerRun& run, const nlohmann::json& question);

}  // namespace grader
