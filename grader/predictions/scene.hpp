#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "evidence/admin.hpp"
#include "harness/broker_cluster.hpp"
#include "harness/paths.hpp"
#include "support/client_config.hpp"

namespace grader {

/// The learner has had enough (Ctrl+C).
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

/// Where an experiment takes place.
struct Place {
  course::ClientConfig client;  ///< Reaches the brokers.
  /// State folder of the three-broker cluster, whole and ours alone; empty where there is one broker.
  std::filesystem::path cluster{};
};

/// A cluster of ours, entered as its administrator.
Place place_of(const BrokerCluster& cluster, std::filesystem::path folder);

/// An experiment's surroundings: a cluster, topics and groups of its own, a clock. Its end removes the
/// topics and groups, also those that an earlier experiment had to leave behind. For one thread.
class Scene {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws `InfraError` if nobody answers there.
  Scene(Paths paths, Place place, std::stop_token stop);
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  [[nodiscard]] Admin& admin() { return admin_; }
  [[nodiscard]] const Paths& paths() const { return paths_; }
  /// The folder of the cluster whose brokers may be killed.
  [[nodiscard]] const std::filesystem::path& cluster() const { return place_.cluster; }
  /// A folder of this experiment's own, for what its processes write; it goes with the scene.
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  /// The properties with which a client reaches the cluster, with `more` added.
  [[nodiscard]] course::ClientConfig client(const course::ClientConfig& more = {}) const;

  /// Creates a topic under a fresh name; each needs a label of its own.
  std::string create_topic(const std::string& label, int partitions,
                           const Admin::TopicSettings& settings = {}, int replicas = 1);
  /// A fresh name for a group, or for a transactional id.
  std::string name_group(const std::string& label);

  /// Waits until `holds`, asked every few milliseconds. Throws `InfraError` ("the experiment settled
  /// nothing") if it does not within `limit`, and `Interrupted`.
  void wait_until(const std::string& what, const std::function<bool()>& holds,
                  std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  /// The same, and whether it came to be is part of the experiment.
  [[nodiscard]] bool comes_true(const std::function<bool()>& holds, std::chrono::milliseconds limit) const;
  /// Throws `Interrupted` if a stop was requested.
  void check_interrupt() const;

  /// The time of the experiment: since the last `start_clock`, or since the scene was made.
  void start_clock() { begun_ = Clock::now(); }
  [[nodiscard]] std::chrono::milliseconds since_start(Clock::time_point at = Clock::now()) const;

 private:
  void remove_group(const std::string& group);
  void remove_leftovers();
  [[nodiscard]] std::string fresh_name(const std::string& label) const;

  Paths paths_;
  Place place_;
  std::stop_token stop_;
  Admin admin_;
  Clock::time_point begun_ = Clock::now();
  std::string prefix_;
  std::filesystem::path folder_;
  std::vector<std::string> topics_;
  std::vector<std::string> groups_;
};

/// "the experiment settled nothing: …", as an `InfraError`.
[[noreturn]] void settled_nothing(const std::string& why);

}  // namespace grader
