#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checks/framework/consumer_check.hpp"
#include "checks/framework/crash_point.hpp"

namespace grader {

/// The crash explorer: is the promise kept wherever the program dies? What is promised `crash_at` knows:
/// here at-least-once.
///
/// A first run lists the points. For each one that is tried a fresh run, in a group of its own, is held
/// there; the coordinator is asked what is committed; the run is killed from outside; its member is taken
/// out of the group; a successor is started and must go on where the group was. A learner's grade tries
/// one point of each kind, drawn from the seed;
/// COURSE_EXPLORE=all tries every one.
class CrashCheck : public ConsumerCheck {
 protected:
  /// Explores `consuming` (its group is a prefix of names) over records that are seeded already.
  void explore(const Consuming& consuming, const std::vector<course::Record>& records);

  /// Takes members out of a group (all, or those of one client.id), as an administrator would who knows
  /// them to be dead: else their successors had to wait until the session times out.
  void remove_members(const std::string& group, const std::optional<std::string>& client_id = std::nullopt);

  /// What came of one point.
  struct Outcome {
    CrashPoint point;
    bool reached = false;
    std::optional<Finding> finding{};
    std::exception_ptr error{};  ///< Of the grader or its surroundings, or that the answer can't be judged.
  };

  /// Kills a run of its own at `point`, starts a successor, and judges. Called from several threads.
  virtual Outcome crash_at(const CrashPoint& point, Consuming consuming,
                           const std::vector<course::Record>& records);
  /// Starts `consuming` so that it is held at `point`. Nothing if the program does not come by it; it has
  /// ended then.
  std::optional<std::pair<std::unique_ptr<ConsumerRun>, Question>> run_up_to(
      const CrashPoint& point, Consuming consuming, const std::vector<course::Record>& records);
  void kill_and_remove(ConsumerRun& run, const std::string& group);

 private:
  std::vector<CrashPoint> list_points(Consuming consuming, const std::vector<course::Record>& records);
  /// The points to try: all of them, or lists of which one shall be reached.
  std::vector<std::vector<CrashPoint>> choose(std::vector<CrashPoint> points);
  Outcome try_one_of(const std::vector<CrashPoint>& points, Consuming consuming,
                     const std::vector<course::Record>& records);
  void expect_successor_goes_on(const Consuming& consuming, const std::vector<course::Record>& records,
                                const Offsets& from, const std::string& moment);

  bool commits_in_the_end_ = false;  ///< In its first run, the program asked for a commit sooner or later.
};

}  // namespace grader
