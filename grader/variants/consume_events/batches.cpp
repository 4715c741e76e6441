// Reads in batches; one commit for each batch that was worked off.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <exception>
#include <map>
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
  if (const auto refused = rd_kafka_poll_set_consumer(consumer); refused != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_destroy(consumer);
    throw std::runtime_error(rd_kafka_err2str(refused));
  }
  return consumer;
}

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  rd_kafka_t* consumer = make_consumer(config);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(consumer);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(static_cast<int>(topics.size()));
  for (const auto& topic : topics)
    rd_kafka_topic_partition_list_add(list, topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto refused = rd_kafka_subscribe(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);

  std::exception_ptr failure;
  if (refused != RD_KAFKA_RESP_ERR_NO_ERROR) {
    failure = std::make_exception_ptr(std::runtime_error(rd_kafka_err2str(refused)));
  }
  std::vector<rd_kafka_message_t*> messages(std::min<std::size_t>(commit_every, 500));
  while (!stop.stop_requested() && !failure) {
    const auto count = rd_kafka_consume_batch_queue(queue, 100, messages.data(), messages.size());
    std::map<TopicPartition, std::int64_t> next;
    for (ssize_t i = 0; i < count; ++i) {
      const auto& message = *messages[static_cast<std::size_t>(i)];
      if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR && !stop.stop_requested() && !failure) {
        try {
          const Record record = to_record(message);
          handler(record);
          next[record.source] = record.offset + 1;
        } catch (...) {
          failure = std::current_exception();
        }
      }
      rd_kafka_message_destroy(messages[static_cast<std::size_t>(i)]);
    }
    if (next.empty()) continue;
    rd_kafka_topic_partition_list_t* offsets =
        rd_kafka_topic_partition_list_new(static_cast<int>(next.size()));
    for (const auto& [source, offset] : next) {
      rd_kafka_topic_partition_list_add(offsets, source.topic.c_str(), source.partition)->offset = offset;
    }
    rd_kafka_commit(consumer, offsets, 0);
    rd_kafka_topic_partition_list_destroy(offsets);
  }
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace course
