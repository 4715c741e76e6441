#pragma once

#include <librdkafka/rdkafka.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "shared/records.hpp"
#include "support/client_config.hpp"
#include "support/delivery.hpp"
#include "support/event.hpp"

namespace course {

using Prepare = std::function<void(rd_kafka_conf_t*)>;

/// A client of the C API, which the caller destroys: `defaults`, then `config`, then what `prepare` adds
/// (callbacks, events). Throws `std::runtime_error` if librdkafka refuses any of it.
inline rd_kafka_t* make_client(rd_kafka_type_t type, const ClientConfig& defaults, const ClientConfig& config,
                               const Prepare& prepare) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const ClientConfig* settings : {&defaults, &config}) {
    for (const auto& [name, value] : *settings) {
      if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK)
        continue;
      rd_kafka_conf_destroy(conf);
      throw std::runtime_error(error);
    }
  }
  prepare(conf);
  rd_kafka_t* client = rd_kafka_new(type, conf, error, sizeof(error));
  if (client != nullptr) return client;
  rd_kafka_conf_destroy(conf);
  throw std::runtime_error(error);
}

/// A consumer whose main queue is served together with its records.
inline rd_kafka_t* make_consumer(
    const ClientConfig& config, const Prepare& prepare = [](rd_kafka_conf_t*) {}) {
  rd_kafka_t* consumer =
      make_client(RD_KAFKA_CONSUMER, {{"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}},
                  config, prepare);
  const auto refused = rd_kafka_poll_set_consumer(consumer);
  if (refused == RD_KAFKA_RESP_ERR_NO_ERROR) return consumer;
  rd_kafka_destroy(consumer);
  throw std::runtime_error(rd_kafka_err2str(refused));
}

using PartitionList =
    std::unique_ptr<rd_kafka_topic_partition_list_t, void (*)(rd_kafka_topic_partition_list_t*)>;

inline PartitionList offsets_of(const NextOffsets& next) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(next.size())),
                     rd_kafka_topic_partition_list_destroy);
  for (const auto& [source, offset] : next) {
    rd_kafka_topic_partition_list_add(list.get(), source.topic.c_str(), source.partition)->offset = offset;
  }
  return list;
}

/// Throws `std::runtime_error` if the consumer refuses.
inline void subscribe(rd_kafka_t* consumer, const std::vector<std::string>& topics) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())),
                           rd_kafka_topic_partition_list_destroy);
  for (const auto& topic : topics)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto refused = rd_kafka_subscribe(consumer, list.get());
  if (refused != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(refused));
}

/// Throws `std::runtime_error` if the client can't go on.
inline void throw_if_fatal(rd_kafka_t* client) {
  char reason[512];
  if (rd_kafka_fatal_error(client, reason, sizeof(reason)) != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw std::runtime_error(reason);
}

inline void* data(const std::optional<std::string>& bytes) {
  return bytes ? const_cast<char*>(bytes->data()) : nullptr;
}
inline std::size_t size(const std::optional<std::string>& bytes) {
  return bytes ? bytes->size() : 0;
}

/// The event's headers, owned by the caller until librdkafka has taken the message.
inline rd_kafka_headers_t* headers_of(const Event& event) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(event.headers.size());
  for (const auto& [name, value] : event.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), data(value),
                        static_cast<ssize_t>(size(value)));
  }
  return headers;
}

/// What a delivery report says.
inline Delivery to_delivery(const rd_kafka_message_t& report) {
  if (report.err != RD_KAFKA_RESP_ERR_NO_ERROR) return {.error = rd_kafka_err2str(report.err)};
  return {.partition = report.partition, .offset = report.offset};
}

}  // namespace course
