#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checks/framework/crash_check.hpp"
#include "evidence/group_watch.hpp"

namespace grader {

/// A worker of the learner's: a process of its own, known to the group by its name.
struct Worker {
  std::string name;
  std::unique_ptr<ConsumerRun> run;
};

/// The steps that the checks of run_consumer_worker are made of: several workers in one group, watched
/// from the coordinator's side.
class WorkerCheck : public CrashCheck {
 public:
  /// Partitions by the name of the worker that owns them.
  using Ownership = std::map<std::string, std::vector<course::TopicPartition>>;

 protected:
  /// One run of the worker program; also what the crash explorer starts.
  std::unique_ptr<ConsumerRun> consume(const Consuming& consuming) override;

  Worker start_worker(const std::string& name, const Consuming& consuming);

  /// Watches the group into the timeline from now on.
  void watch(const std::string& group);

  /// Waits until the group is stable and these workers, and nobody else, share all partitions of the
  /// topic, each owning some. Returns who owns what.
  Ownership expect_settled(const std::vector<Worker*>& workers, const std::string& topic, int partitions);
  /// The same for workers of which some have nothing to own.
  Ownership expect_settled_with_idle(const std::vector<Worker*>& workers, const std::string& topic,
                                     int partitions, std::size_t idle);

  /// Waits until the workers together have handled all of these.
  void expect_all_handled(const std::vector<Worker*>& workers, const std::vector<course::Record>& records);
  /// Nobody handled what another had handled before, `tolerated` records excepted.
  void expect_no_repeats(const std::vector<Worker*>& workers, std::size_t tolerated);
  /// When the worker's observer heard of a revocation, what was handled of the partitions was committed.
  static void expect_committed_before_told(Worker& worker);
  /// Every record was handled by the worker that owned its partition.
  static void expect_handled_by_owner(const std::vector<Worker*>& workers, const Ownership& owners,
                                      const std::vector<course::Record>& records);
  /// What each worker's observer was told adds up to what the coordinator says it owns now, and it heard of
  /// every partition before it was given a record of it.
  void expect_observers_agree(const std::vector<Worker*>& workers, const Ownership& owners);
  /// The workers are stopped one by one, end well, and leave nobody behind.
  void expect_all_stop(const std::vector<Worker*>& workers, const std::string& group);
  /// kill -9, and the dead member is taken out of the group, as its session time-out would do later.
  void kill_worker(Worker& worker, const std::string& group);

  void end_observation() override { watch_.reset(); }
  Group group_now() { return watch_->last(); }
  GroupWatch& group_watch() { return *watch_; }

 private:
  /// The request log tells why something was repeated: a commit took the group back.
  void expect_no_commit_goes_back();

  std::unique_ptr<GroupWatch> watch_;
};

/// What a worker's observer was told it owns, by what the worker said: assigned less revoked and lost.
std::vector<course::TopicPartition> observed_ownership(const std::vector<nlohmann::json>& messages);

/// "worker-1: 0 1, worker-2: 2 3"
std::string to_string(const WorkerCheck::Ownership& ownership);

}  // namespace grader
