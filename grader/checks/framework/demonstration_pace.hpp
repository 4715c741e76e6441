#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "checks/framework/places.hpp"
#include "evidence/admin.hpp"
#include "harness/run.hpp"

namespace grader {

/// Decides which records may be handled, so that the demonstration always has something left to show.
class DemonstrationPace {
 public:
  /// worker-1 is busy with a record for `first_handover` when worker-2 wants to join; 0 if that does not
  /// matter.
  DemonstrationPace(std::size_t workers, std::vector<course::Record> records,
                    std::chrono::milliseconds first_handover);

  /// The group as it is described now.
  void note(const Group& group);
  /// worker-1 has partitions, but takes its time to begin with a record.
  [[nodiscard]] bool has_waited_for_the_first() const;
  /// Whether the handler that is held at `place` may go on, after `handled`; then it has to.
  [[nodiscard]] bool may_go_on(const Place& place, const Places& handled);
  /// How many members the group has had when it was settled, at most.
  [[nodiscard]] std::size_t stage() const { return stage_; }

 private:
  [[nodiscard]] bool settled() const;
  [[nodiscard]] bool decide(const Place& place, const Places& handled, Clock::time_point now,
                            Clock::duration held_for) const;
  [[nodiscard]] std::string owner_of(const course::TopicPartition& partition) const;
  [[nodiscard]] bool first_has_nothing_left(const Places& handled) const;

  std::size_t workers_;
  std::vector<course::Record> records_;
  std::chrono::milliseconds first_handover_;  ///< 0 if worker-1 need not be busy then, or was.
  std::size_t partitions_ = 0;
  Group group_;
  std::map<Place, Clock::time_point> held_since_;
  std::set<std::string> busy_;  ///< Workers that handled a record of their own, in a settled group.
  Clock::time_point unsettled_since_;
  std::size_t stage_ = 0;
  Clock::time_point reached_ = Clock::now();  ///< When the stage was.
  bool left_ = false;
};

}  // namespace grader
