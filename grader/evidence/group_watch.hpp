#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <thread>

#include "evidence/admin.hpp"

namespace grader {

/// Describes a group every few milliseconds for as long as it lives, reports every change, and waits
/// for what a check needs to be true of the group. Safe to use from any thread.
class GroupWatch {
 public:
  using Listener = std::function<void(const Group& group)>;
  using Predicate = std::function<bool(const Group& group)>;

  /// `changed` is called on the watching thread with each description that differs from the one before.
  GroupWatch(Admin& admin, std::string group, Listener changed,
             std::chrono::milliseconds interval = std::chrono::milliseconds(10));
  ~GroupWatch();
  GroupWatch(const GroupWatch&) = delete;
  GroupWatch& operator=(const GroupWatch&) = delete;

  /// The last description.
  [[nodiscard]] Group last() const;

  /// Waits until a description satisfies `holds`, and returns that one; nothing if `deadline` passed
  /// first. Throws `InfraError` if the group can't be described.
  std::optional<Group> wait_until(const Predicate& holds,
                                  std::chrono::steady_clock::time_point deadline) const;

 private:
  void watch(const std::stop_token& stop);

  Admin& admin_;
  std::string group_;
  Listener changed_listener_;
  std::chrono::milliseconds interval_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  Group last_;
  std::string error_;
  std::jthread thread_;
};

/// Stable, every partition of `wanted` owned by exactly one member, and each member owning something.
bool is_settled(const Group& group, const std::vector<course::TopicPartition>& wanted);

/// {state, assignor, members: [{member, client, instance, partitions: [[topic, partition], …]}]}
nlohmann::json to_json(const Group& group);

}  // namespace grader
