#pragma once

#include <dlfcn.h>
#include <librdkafka/rdkafka.h>

#include <string>
#include <vector>

#include "3-consumer/consume_events.hpp"

/// A function of librdkafka as `library` has it. RTLD_DEFAULT: as everybody else gets it, so with the watch.
#define FROM_LIBRARY(function) reinterpret_cast<decltype(&(function))>(dlsym(library, #function))

namespace course {

inline Record to_record(void* library, const rd_kafka_message_t& message) {
  const auto bytes = [](const void* data, std::size_t size) {
    return data == nullptr ? std::nullopt : std::optional(std::string(static_cast<const char*>(data), size));
  };
  return {
      .source = {.topic = FROM_LIBRARY(rd_kafka_topic_name)(message.rkt), .partition = message.partition},
      .offset = message.offset,
      .event = {.key = bytes(message.key, message.key_len), .value = bytes(message.payload, message.len)}};
}

/// A member of the group, made with librdkafka's C API.
inline rd_kafka_t* member(void* library, const ClientConfig& config, const std::vector<std::string>& topics) {
  char error[512];
  rd_kafka_conf_t* conf = FROM_LIBRARY(rd_kafka_conf_new)();
  for (const auto& [name, value] : config)
    FROM_LIBRARY(rd_kafka_conf_set)(conf, name.c_str(), value.c_str(), error, sizeof error);
  FROM_LIBRARY(rd_kafka_conf_set)(conf, "enable.auto.commit", "false", error, sizeof error);
  FROM_LIBRARY(rd_kafka_conf_set)(conf, "auto.offset.reset", "earliest", error, sizeof error);
  rd_kafka_t* client = FROM_LIBRARY(rd_kafka_new)(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  FROM_LIBRARY(rd_kafka_poll_set_consumer)(client);
  auto* list = FROM_LIBRARY(rd_kafka_topic_partition_list_new)(1);
  for (const auto& topic : topics)
    FROM_LIBRARY(rd_kafka_topic_partition_list_add)(list, topic.c_str(), RD_KAFKA_PARTITION_UA);
  FROM_LIBRARY(rd_kafka_subscribe)(client, list);
  FROM_LIBRARY(rd_kafka_topic_partition_list_destroy)(list);
  return client;
}

/// Commits each record before it is handled, without waiting for the answer.
inline void commit_ahead(void* library, const ClientConfig& config, const std::vector<std::string>& topics,
                         const Handler& handler, const std::stop_token& stop) {
  rd_kafka_t* client = member(library, config, topics);
  while (!stop.stop_requested()) {
    rd_kafka_message_t* message = FROM_LIBRARY(rd_kafka_consumer_poll)(client, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      FROM_LIBRARY(rd_kafka_commit_message)(client, message, 1);
      handler(to_record(library, *message));
    }
    FROM_LIBRARY(rd_kafka_message_destroy)(message);
  }
  FROM_LIBRARY(rd_kafka_consumer_close)(client);
  FROM_LIBRARY(rd_kafka_destroy)(client);
}

}  // namespace course
