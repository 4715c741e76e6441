#include "evidence/admin.hpp"

#include <array>
#include <functional>

#include "harness/infra_error.hpp"

namespace grader {
namespace {

constexpr int timeout_ms = 20'000;

/// Owns a C object of librdkafka.
template <auto destroy>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
template <typename T, auto destroy>
using Owned = std::unique_ptr<T, Deleter<destroy>>;

using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using EventHandle = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using AdminOptions = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using PartitionList = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

std::string describe_error(const std::string& what, const char* error) {
  return what + ": " + error;
}

/// Sends one request of the Admin API and waits for its result.
template <typename Request>
EventHandle ask(rd_kafka_t* client, rd_kafka_admin_op_t operation, const std::string& what,
                const Request& request) {
  const Queue queue(rd_kafka_queue_new(client));
  const AdminOptions options(rd_kafka_AdminOptions_new(client, operation));
  std::array<char, 256> error{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, error.data(), error.size());
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS || operation == RD_KAFKA_ADMIN_OP_DELETETOPICS ||
      operation == RD_KAFKA_ADMIN_OP_CREATEPARTITIONS) {
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, error.data(), error.size());
  }
  request(options.get(), queue.get());
  EventHandle event(rd_kafka_queue_poll(queue.get(), timeout_ms + 5000));
  if (!event) throw InfraError(what + ": the broker did not answer");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw InfraError(describe_error(what, rd_kafka_event_error_string(event.get())));
  }
  return event;
}

void require_all(const std::string& what, const rd_kafka_topic_result_t** results, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw InfraError(describe_error(what, rd_kafka_topic_result_error_string(results[i])));
    }
  }
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

Member to_member(const rd_kafka_MemberDescription_t* description) {
  Member member{.member_id = text_or_empty(rd_kafka_MemberDescription_consumer_id(description)),
                .client_id = text_or_empty(rd_kafka_MemberDescription_client_id(description)),
                .instance_id = text_or_empty(rd_kafka_MemberDescription_group_instance_id(description)),
                .partitions = {}};
  const auto* list = rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(description));
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    member.partitions.push_back({.topic = list->elems[i].topic, .partition = list->elems[i].partition});
  }
  return member;
}

}  // namespace

Admin::Admin(const course::ClientConfig& config) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> error{};
  for (const auto& [name, value] : config) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      throw InfraError(std::string("the grader's own client: ") + error.data());
    }
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);
  client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, error.data(), error.size()));
  if (!client_) {
    rd_kafka_conf_destroy(conf);
    throw InfraError(std::string("the grader's own client: ") + error.data());
  }
}

void Admin::create_topic(const std::string& topic, int partitions, const TopicSettings& settings,
                         int replicas) {
  const std::string what = "creating the topic " + topic;
  std::array<char, 512> error{};
  const Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> created(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, replicas, error.data(), error.size()));
  if (!created) throw InfraError(describe_error(what, error.data()));
  for (const auto& [name, value] : settings)
    rd_kafka_NewTopic_set_config(created.get(), name.c_str(), value.c_str());
  rd_kafka_NewTopic_t* list = created.get();
  const auto event = ask(handle(), RD_KAFKA_ADMIN_OP_CREATETOPICS, what, [&](auto* options, auto* queue) {
    rd_kafka_CreateTopics(handle(), &list, 1, options, queue);
  });
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  require_all(what, results, count);
  for (std::int32_t partition = 0; partition < partitions; ++partition) wait_for_leader(topic, partition);
}

void Admin::set_topic(const std::string& topic, const TopicSettings& settings) {
  const std::string what = "changing the topic " + topic;
  rd_kafka_ConfigResource_t* changed = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  for (const auto& [name, value] : settings)
    rd_kafka_ConfigResource_set_config(changed, name.c_str(), value.c_str());
  const auto event = ask(handle(), RD_KAFKA_ADMIN_OP_ALTERCONFIGS, what, [&](auto* options, auto* queue) {
    rd_kafka_AlterConfigs(handle(), &changed, 1, options, queue);
    rd_kafka_ConfigResource_destroy(changed);
  });
  std::size_t count = 0;
  const auto** results =
      rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_ConfigResource_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw InfraError(
          describe_error(what, text_or_empty(rd_kafka_ConfigResource_error_string(results[i])).c_str()));
  }
}

void Admin::wait_for_leader(const std::string& topic, std::int32_t partition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto error =
        rd_kafka_query_watermark_offsets(handle(), topic.c_str(), partition, &low, &high, timeout_ms);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const bool on_its_way =
        error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
        error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE || error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    if (!on_its_way || std::chrono::steady_clock::now() > deadline) {
      throw InfraError(describe_error("waiting for a leader of " + topic, rd_kafka_err2str(error)));
    }
    (void)partition_count(
        topic);  // asks the broker anew; the client remembers that there was no such partition
  }
}

void Admin::delete_topics(const std::vector<std::string>& topics) {
  std::vector<rd_kafka_DeleteTopic_t*> list;
  for (const auto& topic : topics) list.push_back(rd_kafka_DeleteTopic_new(topic.c_str()));
  if (list.empty()) return;
  const auto event =
      ask(handle(), RD_KAFKA_ADMIN_OP_DELETETOPICS, "deleting topics", [&](auto* options, auto* queue) {
        rd_kafka_DeleteTopics(handle(), list.data(), list.size(), options, queue);
        rd_kafka_DeleteTopic_destroy_array(list.data(), list.size());
      });
}

void Admin::create_partitions(const std::string& topic, int total) {
  const std::string what = "adding partitions to " + topic;
  std::array<char, 512> error{};
  const Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy> added(
      rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(total), error.data(), error.size()));
  if (!added) throw InfraError(describe_error(what, error.data()));
  rd_kafka_NewPartitions_t* list = added.get();
  const auto event = ask(handle(), RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, what, [&](auto* options, auto* queue) {
    rd_kafka_CreatePartitions(handle(), &list, 1, options, queue);
  });
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count);
  require_all(what, results, count);
}

std::vector<std::string> Admin::topics() {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(handle(), 1, nullptr, &metadata, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw InfraError(describe_error("listing topics", rd_kafka_err2str(error)));
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) names.emplace_back(metadata->topics[i].topic);
  rd_kafka_metadata_destroy(metadata);
  return names;
}

std::optional<int> Admin::partition_count(const std::string& topic) {
  const Owned<rd_kafka_topic_t, rd_kafka_topic_destroy> named(
      rd_kafka_topic_new(handle(), topic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(handle(), 0, named.get(), &metadata, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw InfraError(describe_error("looking at the topic " + topic, rd_kafka_err2str(error)));
  }
  const bool exists = metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
  const int partitions = exists ? metadata->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(metadata);
  return exists ? std::optional(partitions) : std::nullopt;
}

std::pair<std::int64_t, std::int64_t> Admin::watermarks(const course::TopicPartition& partition) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  const auto error = rd_kafka_query_watermark_offsets(handle(), partition.topic.c_str(), partition.partition,
                                                      &low, &high, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw InfraError(describe_error("asking for the end of " + partition.topic, rd_kafka_err2str(error)));
  }
  return {low, high};
}

Offsets Admin::committed(const std::string& group) {
  const std::string what = "asking for the offsets of " + group;
  const Owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy> request(
      rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr));
  rd_kafka_ListConsumerGroupOffsets_t* list = request.get();
  const auto event =
      ask(handle(), RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, what, [&](auto* options, auto* queue) {
        rd_kafka_ListConsumerGroupOffsets(handle(), &list, 1, options, queue);
      });
  std::size_t count = 0;
  const auto** groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  Offsets offsets;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* error = rd_kafka_group_result_error(groups[i])) {
      throw InfraError(describe_error(what, rd_kafka_error_string(error)));
    }
    const auto* partitions = rd_kafka_group_result_partitions(groups[i]);
    for (int k = 0; partitions != nullptr && k < partitions->cnt; ++k) {
      const auto& one = partitions->elems[k];
      if (one.offset >= 0) offsets[{.topic = one.topic, .partition = one.partition}] = one.offset;
    }
  }
  return offsets;
}

Group Admin::describe(const std::string& group) {
  const std::string what = "describing the group " + group;
  const char* name = group.c_str();
  const auto event =
      ask(handle(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, what, [&](auto* options, auto* queue) {
        rd_kafka_DescribeConsumerGroups(handle(), &name, 1, options, queue);
      });
  std::size_t count = 0;
  const auto** groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  if (count != 1) throw InfraError(what + ": no answer for it");
  if (const auto* error = rd_kafka_ConsumerGroupDescription_error(groups[0])) {
    if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw InfraError(describe_error(what, rd_kafka_error_string(error)));
    }
  }
  Group described{
      .state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(groups[0])),
      .assignor = text_or_empty(rd_kafka_ConsumerGroupDescription_partition_assignor(groups[0])),
      .members = {}};
  for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(groups[0]); ++i) {
    described.members.push_back(to_member(rd_kafka_ConsumerGroupDescription_member(groups[0], i)));
  }
  if (const auto* coordinator = rd_kafka_ConsumerGroupDescription_coordinator(groups[0])) {
    described.coordinator_host = text_or_empty(rd_kafka_Node_host(coordinator));
    described.coordinator_port = rd_kafka_Node_port(coordinator);
  }
  return described;
}

void Admin::delete_group(const std::string& group) {
  rd_kafka_DeleteGroup_t* list = rd_kafka_DeleteGroup_new(group.c_str());
  const auto event = ask(handle(), RD_KAFKA_ADMIN_OP_DELETEGROUPS, "deleting the group " + group,
                         [&](auto* options, auto* queue) {
                           rd_kafka_DeleteGroups(handle(), &list, 1, options, queue);
                           rd_kafka_DeleteGroup_destroy(list);
                         });
}

void Admin::allow_prefix(const std::string& user, const std::string& prefix) {
  const std::string principal = "User:" + user;
  std::array<char, 512> error{};
  std::vector<rd_kafka_AclBinding_t*> list;
  for (const auto resource : {RD_KAFKA_RESOURCE_TOPIC, RD_KAFKA_RESOURCE_GROUP}) {
    list.push_back(rd_kafka_AclBinding_new(resource, prefix.c_str(), RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
                                           principal.c_str(), "*", RD_KAFKA_ACL_OPERATION_ALL,
                                           RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, error.data(), error.size()));
  }
  const auto event = ask(handle(), RD_KAFKA_ADMIN_OP_CREATEACLS, "giving rights to " + user,
                         [&](auto* options, auto* queue) {
                           rd_kafka_CreateAcls(handle(), list.data(), list.size(), options, queue);
                           rd_kafka_AclBinding_destroy_array(list.data(), list.size());
                         });
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* refused = rd_kafka_acl_result_error(results[i])) {
      throw InfraError(describe_error("giving rights to " + user, rd_kafka_error_string(refused)));
    }
  }
}

void Admin::revoke_all(const std::string& user) {
  const std::string principal = "User:" + user;
  std::array<char, 512> error{};
  rd_kafka_AclBindingFilter_t* filter = rd_kafka_AclBindingFilter_new(
      RD_KAFKA_RESOURCE_ANY, nullptr, RD_KAFKA_RESOURCE_PATTERN_ANY, principal.c_str(), nullptr,
      RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, error.data(), error.size());
  const auto event = ask(handle(), RD_KAFKA_ADMIN_OP_DELETEACLS, "taking the rights of " + user,
                         [&](auto* options, auto* queue) {
                           rd_kafka_DeleteAcls(handle(), &filter, 1, options, queue);
                           rd_kafka_AclBinding_destroy(filter);
                         });
}

}  // namespace grader
