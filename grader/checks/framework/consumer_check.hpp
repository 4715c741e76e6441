#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "checks/framework/check.hpp"
#include "checks/framework/consumer_run.hpp"
#include "evidence/records.hpp"

namespace grader {

/// The steps that the checks of consuming exercises are made of. Everything that expects throws `Failed`
/// with what the evidence shows.
class ConsumerCheck : public Check {
 protected:
  /// What a run of the learner's consumer is given.
  struct Consuming {
    std::vector<std::string> topics;
    std::string group;
    std::size_t commit_every = 1;
    course::ClientConfig settings{};  ///< librdkafka properties handed to the exercise.
    ConsumerRun::Hold hold{};         ///< Where the run is held; nowhere without.
    bool settle_commits = true;       ///< Asynchronous commits are waited for before the program goes on.
  };

  /// How long work that takes a fraction of a second may take on a busy machine.
  static constexpr std::chrono::seconds patience{10};
  static Clock::time_point soon() { return Clock::now() + patience; }

  /// Whether this is somebody else's work: every crash point is tried, and it is reckoned with that a program
  /// commits in a way that the watch does not see (librdkafka loaded a second time, say).
  static bool thorough();

  /// Starts the learner's consumer. May be called from several threads.
  virtual std::unique_ptr<ConsumerRun> consume(const Consuming& consuming);
  /// The same for any program that consumes, with options of its own; `consuming.settings` win.
  std::unique_ptr<ConsumerRun> start_consumer(const std::string& program,
                                              std::vector<std::string> more_options,
                                              const Consuming& consuming, course::ClientConfig settings);
  /// The same with all of the program's options but those of the client: `settings`, and over them
  /// `consuming.settings`.
  std::unique_ptr<ConsumerRun> start_run(const std::string& program, const std::vector<std::string>& options,
                                         const Consuming& consuming, course::ClientConfig settings);

  /// Records with keys and values of their own, `each` for each partition, the partitions in turns.
  std::vector<course::Record> seed(const std::string& topic, int partitions, int each);
  std::vector<course::Record> seed(const std::string& topic, const std::vector<Seed>& seeds);

  /// What the coordinator has; noted in the timeline.
  Offsets committed(const std::string& group);
  Group describe(const std::string& group);

  /// Waits until the handler was called with all of `records` (those before `starts` excepted), in order
  /// within each partition and byte for byte.
  void expect_handled(ConsumerRun& run, const std::vector<course::Record>& records,
                      const Offsets& starts = {});

  /// At every question of the program (it must be started with a hold for all): nothing is committed that
  /// was not handled, and never more than `commit_every` handled records are uncommitted.
  void expect_at_every_moment(ConsumerRun& run, const Consuming& consuming,
                              const std::vector<course::Record>& records);

  /// Ctrl+C: the function returns, and the program ends well. A second one would kill it.
  void expect_stops(ConsumerRun& run, bool already_asked = false);
  /// Committed is exactly what `records` leave to read next.
  void expect_committed(ConsumerRun& run, const std::string& group,
                        const std::vector<course::Record>& records);
  /// The group has no member any more, without waiting for a time-out.
  void expect_left(const std::string& group);
  /// The coordinator knows the program as a member that owns all of these.
  void expect_member(ConsumerRun& run, const std::string& group, const std::vector<course::Record>& records);

  /// Runs the program and lets the handler throw at `failing`: what was handled is committed and nothing
  /// else, the group is left, and the caller gets the exception.
  void expect_failure_ends_it(const Consuming& consuming, const std::vector<course::Record>& records,
                              const Place& failing);

  /// While the program waits for records, it hardly uses the processor; and it does not end.
  void expect_waits_patiently(ConsumerRun& run);

  /// The program ends with the error of its client, not by itself and not by a crash.
  void expect_refuses(const Consuming& consuming, const std::string& what);

  /// For a program that should be running: what explains that it is not, else `otherwise`.
  [[noreturn]] void explain(ConsumerRun& run, Finding otherwise);

  /// Gives automatic commit, where a client has it, the time to show.
  Offsets committed_after_timer(ConsumerRun& run, const std::string& group, const Places& seeded);

  /// Notes what the broker logged of this check's programs since the last time.
  void note_requests();

 private:
  /// The broker's request log shows where a client that has nothing to show began to read.
  void expect_fetches_from_the_start(const std::vector<course::Record>& records, const Offsets& starts);
  /// What the request log knows of a group of another name, in words; nothing if there is none.
  std::string other_group_asked_for(const std::string& group);
  /// Lets the program run to its end, so that all of its calls have been seen.
  static void let_finish(ConsumerRun& run, const Places& seeded);

  std::mutex starting_;
  std::mutex reading_requests_;
  std::size_t requests_noted_ = 0;
};

}  // namespace grader
