#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checks/framework/check.hpp"
#include "evidence/records.hpp"

namespace grader {

/// What a learner's producing program claims about one event.
struct ClaimedDelivery {
  std::optional<course::TopicPartition> partition;  ///< Absent when it claims a failure.
  std::int64_t offset = -1;
  std::string error;
};

/// The steps that the checks of both producing exercises are made of.
class ProducerCheck : public Check {
 protected:
  struct Sending {
    course::ClientConfig settings{};  ///< librdkafka properties handed to the exercise.
    bool batch = false;               ///< produce_events_batch rather than produce_event.
    std::chrono::seconds patience{20};
  };

  /// An event with a key of its own and random bytes.
  course::Event some_event();

  /// Lets the learner's program send the events; returns what it claims of each. Fails the check if
  /// it hangs, crashes, throws, or does not claim something about each event.
  std::vector<ClaimedDelivery> send(const std::string& topic, const std::vector<course::Event>& events,
                                    const Sending& sending);

  /// The log of the topic; noted in the timeline.
  std::vector<course::Record> log_of(const std::string& topic);

  /// Every event is in the log once, byte for byte, and nothing else is.
  void expect_log_holds(const std::vector<course::Record>& log, const std::vector<course::Event>& events);
  /// What was claimed of each event is where the log has it.
  void expect_claims_match(const std::vector<course::Record>& log, const std::vector<course::Event>& events,
                           const std::vector<ClaimedDelivery>& claims, const std::string& topic);
};

}  // namespace grader
