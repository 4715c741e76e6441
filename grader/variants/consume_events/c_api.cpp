// Through the C API: a plain loop, a list of offsets, a commit that waits.
#include <librdkafka/rdkafka.h>

#include <exception>
#include <map>
#include <memory>
#include <stdexcept>

#include "3-consumer/consume_events.hpp"

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

rd_kafka_t* make_consumer(const ClientConfig& config) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const std::string& name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK)
      return;
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error(error);
  };
  set("auto.offset.reset", "earliest");
  set("enable.auto.commit", "false");
  for (const auto& [name, value] : config) set(name, value);
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
  if (consumer == nullptr) {
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error(error);
  }
  rd_kafka_poll_set_consumer(consumer);
  return consumer;
}

using Next = std::map<TopicPartition, std::int64_t>;

void commit(rd_kafka_t* consumer, Next& next) {
  if (next.empty()) return;
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(static_cast<int>(next.size()));
  for (const auto& [source, offset] : next) {
    rd_kafka_topic_partition_list_add(list, source.topic.c_str(), source.partition)->offset = offset;
  }
  if (rd_kafka_commit(consumer, list, 0) == RD_KAFKA_RESP_ERR_NO_ERROR) next.clear();
  rd_kafka_topic_partition_list_destroy(list);
}

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  rd_kafka_t* consumer = make_consumer(config);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(static_cast<int>(topics.size()));
  for (const auto& topic : topics)
    rd_kafka_topic_partition_list_add(list, topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto subscribed = rd_kafka_subscribe(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);

  std::exception_ptr failure;
  Next next;
  std::size_t handled = 0;
  try {
    if (subscribed != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(subscribed));
    while (!stop.stop_requested()) {
      const std::unique_ptr<rd_kafka_message_t, void (*)(rd_kafka_message_t*)> message(
          rd_kafka_consumer_poll(consumer, 200), rd_kafka_message_destroy);
      if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        char reason[512];
        if (rd_kafka_fatal_error(consumer, reason, sizeof(reason)) != RD_KAFKA_RESP_ERR_NO_ERROR)
          throw std::runtime_error(reason);
        continue;
      }
      const Record record = to_record(*message);
      handler(record);
      next[record.source] = record.offset + 1;
      if (++handled % commit_every == 0) commit(consumer, next);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  commit(consumer, next);
  rd_kafka_destroy(consumer);  // closes the consumer first
  if (failure) std::rethrow_exception(failure);
}

}  // namespace course
