// Through the C API: a rebalance callback, a list of offsets, a commit that waits.

#include <librdkafka/rdkafka.h>

#include <exception>
#include <map>
#include <memory>
#include <stdexcept>

#include "4-groups/run_consumer_worker.hpp"

namespace course {
namespace {

std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

Record to_record(const rd_kafka_message_t& message) {
  Record record;
  record.source = {.topic = rd_kafka_topic_name(message.rkt), .partition = message.partition};
  record.offset = message.offset;
  record.event.key = bytes(message.key, message.key_len);
  record.event.value = bytes(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      record.event.headers.push_back({.name = name, .value = bytes(value, size)});
    }
  }
  return record;
}

/// What the rebalance callback needs to know.
struct State {
  RebalanceObserver& observer;
  std::map<TopicPartition, std::int64_t> next{};
  std::exception_ptr failure{};
  bool joined = false;
};

bool commit(rd_kafka_t* consumer, State& state) {
  if (rd_kafka_assignment_lost(consumer) != 0) return false;
  if (state.next.empty()) return true;
  rd_kafka_topic_partition_list_t* list =
      rd_kafka_topic_partition_list_new(static_cast<int>(state.next.size()));
  for (const auto& [source, offset] : state.next) {
    rd_kafka_topic_partition_list_add(list, source.topic.c_str(), source.partition)->offset = offset;
  }
  const auto error = rd_kafka_commit(consumer, list, 0);
  rd_kafka_topic_partition_list_destroy(list);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) state.next.clear();
  return error != RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION && error != RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
}

void on_rebalance(rd_kafka_t* consumer, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t* list,
                  void* opaque) {
  auto& state = *static_cast<State*>(opaque);
  std::vector<TopicPartition> partitions;
  for (int i = 0; i < list->cnt; ++i)
    partitions.push_back({.topic = list->elems[i].topic, .partition = list->elems[i].partition});
  const bool incremental = std::string(rd_kafka_rebalance_protocol(consumer)) == "COOPERATIVE";
  const bool assigned = event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  try {
    if (assigned) {
      state.joined = true;
      state.observer.on_assigned(partitions);
    } else {
      const bool ours = commit(consumer, state);
      for (const auto& gone : partitions) state.next.erase(gone);
      ours ? state.observer.on_revoked(partitions) : state.observer.on_lost(partitions);
    }
  } catch (...) {
    if (!state.failure) state.failure = std::current_exception();
  }
  rd_kafka_error_t* error = nullptr;
  if (incremental) {
    error = assigned ? rd_kafka_incremental_assign(consumer, list)
                     : rd_kafka_incremental_unassign(consumer, list);
  } else {
    rd_kafka_assign(consumer, assigned ? list : nullptr);
  }
  if (error != nullptr) rd_kafka_error_destroy(error);
}

rd_kafka_t* make_consumer(const WorkerOptions& options, State& state) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const std::string& name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK)
      return;
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error(error);
  };
  set("client.id", options.name);
  set("auto.offset.reset", "earliest");
  set("enable.auto.commit", "false");
  for (const auto& [name, value] : options.config) set(name, value);
  rd_kafka_conf_set_opaque(conf, &state);
  rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
  if (consumer == nullptr) {
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error(error);
  }
  if (const auto refused = rd_kafka_poll_set_consumer(consumer); refused != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_destroy(consumer);
    throw std::runtime_error(rd_kafka_err2str(refused));
  }
  return consumer;
}

using Message = std::unique_ptr<rd_kafka_message_t, void (*)(rd_kafka_message_t*)>;

}  // namespace

void run_consumer_worker(const WorkerOptions& options, const Handler& handler, RebalanceObserver& observer,
                         std::stop_token stop) {
  State state{.observer = observer};
  rd_kafka_t* consumer = make_consumer(options, state);
  rd_kafka_topic_partition_list_t* list =
      rd_kafka_topic_partition_list_new(static_cast<int>(options.topics.size()));
  for (const auto& topic : options.topics)
    rd_kafka_topic_partition_list_add(list, topic.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);

  std::size_t uncommitted = 0;
  try {
    while (!stop.stop_requested() && !state.failure) {
      const Message message(rd_kafka_consumer_poll(consumer, 100), rd_kafka_message_destroy);
      if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        char reason[512];
        if (rd_kafka_fatal_error(consumer, reason, sizeof(reason)) != RD_KAFKA_RESP_ERR_NO_ERROR)
          throw std::runtime_error(reason);
        continue;
      }
      const Record record = to_record(*message);
      handler(record);
      state.next[record.source] = record.offset + 1;
      if (++uncommitted < options.commit_every) continue;
      commit(consumer, state);
      uncommitted = 0;
    }
  } catch (...) {
    if (!state.failure) state.failure = std::current_exception();
  }
  commit(consumer, state);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  if (state.failure) std::rethrow_exception(state.failure);
}

}  // namespace course
