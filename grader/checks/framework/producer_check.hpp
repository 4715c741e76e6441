#pragma once

#include <deque>
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
    bool watched = false;  ///< Its calls into librdkafka are reported; `handed_over` needs that.
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
  void expect_log_holds(const std::vector<course::Record>& log, const std::vector<course::Event>& events);
  /// What was claimed of each event is where the log has it; what is not there was reported as failed.
  void expect_claims_match(const std::vector<course::Record>& log, const std::vector<course::Event>& events,
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
  /// In the last run, which was watched, no event was handed to the client a second time.
  void expect_handed_over_once();
  /// In the last run, which was watched, every client was destroyed before the function returned.
  void expect_nothing_left_behind();
  /// The broker was asked for these acks (-1: all) whenever something was written to the topic.
  void expect_acks(const std::string& topic, int acks, const std::string& name);
  /// Everything in the topic came in at most `most` requests from one connection.
  void expect_few_requests(const std::string& topic, std::size_t most);

 private:
  /// One run of the learner's program: what it was given, and what came of it.
  struct Attempt {
    std::string topic;
    std::vector<course::Event> events;
    Sending sending;
    std::vector<ClaimedDelivery> claims{};
    std::vector<nlohmann::json> messages{};  ///< What it said on its line.
    std::string words{};                     ///< What it and librdkafka wrote to stderr.
  };

  /// What a second run with the same events shows, in which the program's calls are watched.
  struct SecondLook {
    std::size_t handed_over = 0;  ///< Events that the client took into its queue.
    std::size_t queue_full = 0;   ///< How often in a row the queue was full, with no poll() between.
    bool served = false;          ///< poll() or flush() was called after the last event was handed over.
    std::string waits_in{};       ///< The call that had not returned when the run ended.
  };
  SecondLook look_again(const Attempt& attempt);

  /// Why an event that should be in the log is not, as far as the evidence tells.
  Finding explain_missing(std::size_t index, const course::Event& event, std::size_t in_log);
  /// Why an event that was reported as delivered is not in the log.
  Finding explain_false_report(std::size_t index, const course::Event& event, const ClaimedDelivery& claim);
  Finding explain_repeated(std::size_t index, const course::Event& event, std::size_t due,
                           const std::vector<const course::Record*>& records);
  /// A place without an offset is what a client reports that asked for no answer.
  void expect_acknowledged(const std::string& topic);
  /// The common part of both, when the evidence names a cause.
  std::optional<Finding> cause_of_absence(const Attempt& attempt, const std::string& expected,
                                          const std::string& observed);
  [[noreturn]] void explain_hang(Learner& learner, const Attempt& attempt);

  /// The last run that was given this event, and the event's place in it.
  std::pair<const Attempt*, std::size_t> attempt_with(const course::Event& event) const;
  /// What was written to the topic; waited for if there is nothing yet.
  std::vector<const Request*> requests_about(const std::string& topic,
                                             std::chrono::seconds patience = std::chrono::seconds(1));
  std::vector<const Request*> produce_requests(const std::string& topic);

  std::deque<Attempt> attempts_;  // references stay valid when another one is made
};

/// "event 3 (key …, value …)"
std::string named(std::size_t index, const course::Event& event);

}  // namespace grader
