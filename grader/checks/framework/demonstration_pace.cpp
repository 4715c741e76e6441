#include "checks/framework/demonstration_pace.hpp"

#include <algorithm>
#include <set>

namespace grader {
namespace {

using namespace std::chrono_literals;
using course::TopicPartition;

/// How long a handler is held that must go on for the group to go on: longer than a heartbeat's interval, so
/// that its worker knows of the rebalance by then and takes up no other record before it.
constexpr auto in_a_rebalance = 150ms;
/// The same for the last records of a partition, which its next owner needs to have something to do.
constexpr auto last_records_in_a_rebalance = 2s;
constexpr std::int64_t last_records = 2;
/// How long worker-1 is busy with each record when it is to be busy at the moment when worker-2 comes.
constexpr auto busy_alone = 1s;
constexpr auto patience_for_the_first_record = 3s;
/// worker-1 sees that it shall leave only when its handler returns.
constexpr auto before_leaving = 500ms;

/// When so long no worker has joined, none will.
constexpr auto patience_for_the_next_worker = 15s;

/// How many records of each partition may be handled while the group has so many members.
constexpr std::int64_t records_per_stage = 2;

}  // namespace

DemonstrationPace::DemonstrationPace(std::size_t workers, std::vector<course::Record> records,
                                     std::chrono::milliseconds first_handover)
    : workers_(workers), records_(std::move(records)), first_handover_(first_handover) {
  std::set<TopicPartition> partitions;
  for (const auto& record : records_) partitions.insert(record.source);
  partitions_ = partitions.size();
}

void DemonstrationPace::note(const Group& group) {
  const bool was_settled = settled();
  group_ = group;
  if (!settled()) {
    if (was_settled) unsettled_since_ = Clock::now();
    return;
  }
  std::set<std::string> names;
  for (const auto& member : group.members) names.insert(member.client_id);
  const bool with_first = names.contains("worker-1");
  if (stage_ == workers_ && !with_first) left_ = true;
  if (names.size() > stage_) {
    stage_ = names.size();
    reached_ = Clock::now();
  }
}

bool DemonstrationPace::has_waited_for_the_first() const {
  return stage_ > 0 && Clock::now() - reached_ > patience_for_the_first_record;
}

bool DemonstrationPace::may_go_on(const Place& place, const Places& handled) {
  const auto now = Clock::now();
  const auto held_for = now - held_since_.try_emplace(place, now).first->second;
  if (!decide(place, handled, now, held_for)) return false;
  if (settled()) {
    busy_.insert(owner_of(place.source));
  } else {
    first_handover_ = 0s;  // the others are as quick as they can
  }
  return true;
}

bool DemonstrationPace::decide(const Place& place, const Places& handled, Clock::time_point now,
                               Clock::duration held_for) const {
  if (left_ || now - reached_ > patience_for_the_next_worker) return true;
  if (stage_ <= 1 && first_handover_ > 0s)
    return settled() ? held_for >= busy_alone : now - unsettled_since_ >= first_handover_;
  if (place.offset < static_cast<std::int64_t>(stage_) * records_per_stage) return true;
  if (!settled()) {  // the group waits for everybody's next poll
    const auto each = static_cast<std::int64_t>(records_.size() / partitions_);
    return held_for >= (place.offset >= each - last_records ? last_records_in_a_rebalance : in_a_rebalance);
  }
  if (!busy_.contains(owner_of(place.source))) return true;
  const bool concerns_first = owner_of(place.source) == "worker-1" || first_has_nothing_left(handled);
  return stage_ >= workers_ && concerns_first && held_for >= before_leaving;
}

/// A cooperative rebalance takes two generations: in the first, what is to move is only taken away.
bool DemonstrationPace::settled() const {
  if (group_.state != "Stable") return false;
  std::size_t owned = 0;
  std::size_t idle = 0;
  for (const auto& member : group_.members) {
    owned += member.partitions.size();
    idle += member.partitions.empty() ? 1U : 0U;
  }
  return owned == partitions_ && (idle == 0 || group_.members.size() > partitions_);
}

/// Empty if it is nobody's.
std::string DemonstrationPace::owner_of(const TopicPartition& partition) const {
  const auto owner = std::ranges::find_if(group_.members, [&](const Member& member) {
    return std::ranges::find(member.partitions, partition) != member.partitions.end();
  });
  return owner == group_.members.end() ? "" : owner->client_id;
}

bool DemonstrationPace::first_has_nothing_left(const Places& handled) const {
  return std::ranges::all_of(records_, [&](const course::Record& record) {
    return owner_of(record.source) != "worker-1" || handled.contains(place_of(record));
  });
}

}  // namespace grader
