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
  /// The two halves of `send`.
  std::unique_ptr<Learner> start_sending(const std::string& topic, const std::vector<course::Event>& events,
                                         const Sending& sending);
  std::vector<ClaimedDelivery> claims_of(Learner& learner, const std::string& topic, std::size_t events,
                                         std::chrono::seconds patience);

  /// The log of the topic; noted in the timeline.
  std::vector<course::Record> log_of(const std::string& topic);

  /// Every event is in the log once, byte for byte, and nothing else is.
  static void expect_log_holds(const std::vector<course::Record>& log,
                               const std::vector<course::Event>& events);
  /// What was claimed of each event is where the log has it; what is not there was reported as failed.
  static void expect_claims_match(const std::vector<course::Record>& log,
                                  const std::vector<course::Event>& events,
                                  const std::vector<ClaimedDelivery>& claims);
  static void expect_keys_stay_together(const std::vector<course::Record>& log);
  static void expect_keys_spread(const std::vector<course::Record>& log);
  /// Events with equal keys lie in the log as they do in `events`.
  static void expect_order_per_key(const std::vector<course::Record>& log,
                                   const std::vector<course::Event>& events);
  /// Timestamps that were given are kept.
  static void expect_timestamps(const std::vector<course::Record>& log,
                                const std::vector<course::Event>& events);
  static void expect_failed(const ClaimedDelivery& claim);
  /// The function throws, and the program says so instead of crashing.
  void expect_throws(Learner& learner, std::chrono::seconds patience);

  /// Waits until the program has asked the broker for metadata for as long as `time`.
  void expect_metadata_requests(Learner& learner, std::chrono::seconds time);
  /// The broker was asked for these acks (-1: all) whenever something was written to the topic.
  void expect_acks(const std::string& topic, int acks, const std::string& name);
  /// Everything in the topic came in at most `most` requests from one connection.
  void expect_few_requests(const std::string& topic, std::size_t most);

 private:
  std::vector<const Request*> produce_requests(const std::string& topic);
};

}  // namespace grader
