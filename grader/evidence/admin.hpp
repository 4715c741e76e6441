#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/client_config.hpp"
#include "support/record.hpp"

namespace grader {

/// Committed offsets of a group: absent where nothing was committed.
using Offsets = std::map<course::TopicPartition, std::int64_t>;

/// A member of a group, as the coordinator describes it.
struct Member {
  std::string member_id;    ///< Given by the coordinator.
  std::string client_id;    ///< Given by the client.
  std::string instance_id;  ///< group.instance.id; empty without static membership.
  std::vector<course::TopicPartition> partitions;

  friend bool operator==(const Member&, const Member&) = default;
};

/// A group, as the coordinator describes it: "Stable", "PreparingRebalance", "CompletingRebalance",
/// "Empty" or "Dead" (which is also said of a group that does not exist).
struct Group {
  std::string state;
  std::string assignor;  ///< "range", "cooperative-sticky", …
  std::vector<Member> members;
  std::string coordinator_host{};  ///< The broker that looks after the group.
  int coordinator_port = 0;

  friend bool operator==(const Group&, const Group&) = default;
};

/// The administrator's requests to a cluster, over one client. Every call waits for its answer and
/// throws `InfraError` when there is none or the broker refuses. Safe to use from any thread.
/// librdkafka: rdkafka.h, "Admin API".
class Admin {
 public:
  explicit Admin(const course::ClientConfig& config);

  using TopicSettings = std::map<std::string, std::string>;
  void create_topic(const std::string& topic, int partitions, const TopicSettings& settings = {},
                    int replicas = 1);
  /// Gives a topic these settings, and the broker's defaults for all others. The broker heeds them a moment
  /// later.
  void set_topic(const std::string& topic, const TopicSettings& settings);
  void delete_topics(const std::vector<std::string>& topics);
  void create_partitions(const std::string& topic, int total);
  std::vector<std::string> topics();
  /// Number of partitions; nothing if there is no such topic.
  std::optional<int> partition_count(const std::string& topic);
  /// First and next offset of a partition.
  std::pair<std::int64_t, std::int64_t> watermarks(const course::TopicPartition& partition);

  Offsets committed(const std::string& group);
  Group describe(const std::string& group);
  void delete_group(const std::string& group);

  /// Lets `user` do everything with topics and groups whose names begin with `prefix`. For transactional
  /// ids see transaction_rights.hpp.
  void allow_prefix(const std::string& user, const std::string& prefix);
  /// Takes every right of `user` away.
  void revoke_all(const std::string& user);

  [[nodiscard]] rd_kafka_t* handle() const { return client_.get(); }

 private:
  /// A topic exists before the broker serves its partitions; who writes in between meets errors that are
  /// not theirs.
  void wait_for_leader(const std::string& topic, std::int32_t partition);

  struct Destroy {
    void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  };
  std::unique_ptr<rd_kafka_t, Destroy> client_;
};

}  // namespace grader
