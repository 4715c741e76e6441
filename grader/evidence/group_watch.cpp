#include "evidence/group_watch.hpp"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>

#include "harness/infra_error.hpp"

namespace grader {

GroupWatch::GroupWatch(Admin& admin, std::string group, Listener changed, std::chrono::milliseconds interval)
    : admin_(admin),
      group_(std::move(group)),
      changed_listener_(std::move(changed)),
      interval_(interval),
      thread_([this](const std::stop_token& stop) { watch(stop); }) {}

GroupWatch::~GroupWatch() {
  thread_.request_stop();
  thread_.join();
}

Group GroupWatch::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::optional<Group> GroupWatch::wait_until(const Predicate& holds,
                                            std::chrono::steady_clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  const bool held = changed_.wait_until(lock, deadline, [&] { return !error_.empty() || holds(last_); });
  if (!error_.empty()) throw InfraError(error_);
  return held ? std::optional(last_) : std::nullopt;
}

void GroupWatch::watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    Group now;
    std::string error;
    try {
      now = admin_.describe(group_);
    } catch (const std::exception& failed) {
      error = failed.what();
    }
    const bool differs = error.empty() && now != last_;  // only this thread writes last_
    if (differs && changed_listener_) changed_listener_(now);
    lock.lock();
    error_ = error;
    if (error.empty()) last_ = std::move(now);
    changed_.notify_all();
    changed_.wait_for(lock, stop, interval_, [] { return false; });
  } while (!stop.stop_requested());
}

bool is_settled(const Group& group, const std::vector<course::TopicPartition>& wanted) {
  if (group.state != "Stable") return false;
  std::vector<course::TopicPartition> owned;
  for (const auto& member : group.members) {
    if (member.partitions.empty()) return false;
    owned.insert(owned.end(), member.partitions.begin(), member.partitions.end());
  }
  auto sorted = wanted;
  std::ranges::sort(owned);
  std::ranges::sort(sorted);
  return owned == sorted;
}

nlohmann::json to_json(const Group& group) {
  nlohmann::json json{
      {"state", group.state}, {"assignor", group.assignor}, {"members", nlohmann::json::array()}};
  for (const auto& member : group.members) {
    nlohmann::json partitions = nlohmann::json::array();
    for (const auto& [topic, partition] : member.partitions) partitions.push_back({topic, partition});
    json["members"].push_back({{"member", member.member_id},
                               {"client", member.client_id},
                               {"instance", member.instance_id},
                               {"partitions", partitions}});
  }
  return json;
}

}  // namespace grader
