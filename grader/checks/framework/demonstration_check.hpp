#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checks/framework/worker_check.hpp"

namespace grader {

/// One entry of the timeline that the learner's demonstration returned.
struct ClaimedEntry {
  Clock::time_point at;
  std::string worker;
  std::string what;  ///< "started", "assigned", "revoked", "lost", "handled", "stopped"
  std::vector<course::TopicPartition> partitions;
  std::int64_t offset = -1;
};

/// The steps that the checks of demonstrate_rebalancing are made of. The handler paces the demonstration:
/// a few records may be handled in each stage, so that there is always something left for the next one.
class DemonstrationCheck : public WorkerCheck {
 protected:
  struct Demonstration {
    std::string topic;
    int partitions = 4;
    std::string group;
    std::size_t workers = 3;
    std::vector<course::Record> records;
    course::ClientConfig settings{};
    /// How long worker-1 is busy with a record while worker-2 wants to join; 0 if it does not matter.
    std::chrono::milliseconds first_handover{0};
  };

  /// A stable generation of the group, as the coordinator described it.
  struct Generation {
    Clock::time_point seen;   ///< When it was first described so.
    Clock::time_point until;  ///< When it was last known to be so.
    WorkerCheck::Ownership owners;
  };

  /// Runs the demonstration to its end, watching the group; returns what it claims.
  std::vector<ClaimedEntry> run(const Demonstration& demonstration);

  /// What the group went through while it ran.
  [[nodiscard]] const std::vector<Generation>& generations() const { return generations_; }
  /// The records that handlers were really called with.
  [[nodiscard]] const std::multiset<Place>& handled() const { return handled_; }

  /// When all workers are at work, the handler of one throws: all end, and the exception goes on.
  void expect_failure_ends_all(const Demonstration& demonstration);
  /// When all workers are at work, stop is requested: all end, with records left.
  void expect_stop_ends_all(const Demonstration& demonstration);

  void expect_in_order(const std::vector<ClaimedEntry>& claims);
  /// In every stable generation the claims say that everybody owned what the group had given them.
  void expect_claims_match(const std::vector<ClaimedEntry>& claims);
  /// Every record that was handled is claimed, once for each time, by the worker that owned its partition.
  void expect_handled_match(const std::vector<ClaimedEntry>& claims);
  /// There were generations with one, two, … workers, and one without worker-1 in the end.
  void expect_story(std::size_t workers);

 private:
  /// Is asked about each handler that is held, and told how many workers have been at work at most; true if
  /// it has dealt with it.
  using Director = std::function<bool(const Question& question, std::size_t stage)>;
  /// Lets the program run to its end, at the pace that shows something.
  void direct(ConsumerRun& run, const Demonstration& demonstration, const Director& director);
  /// Who owns what now, as the coordinator says.
  std::string owners_now();

  std::unique_ptr<ConsumerRun> start_demonstration(const Demonstration& demonstration);
  void note_generation(const Group& group);

  std::vector<Generation> generations_;
  std::multiset<Place> handled_;
};

}  // namespace grader
