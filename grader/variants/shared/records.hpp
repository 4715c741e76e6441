#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafkacpp.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "support/record.hpp"

namespace course {

/// Where to go on reading, by partition: what is committed.
using NextOffsets = std::map<TopicPartition, std::int64_t>;

inline std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

/// A copy that owns its bytes. Without the timestamp, which no contract asks a consumer for.
inline Record to_record(RdKafka::Message& message) {
  Record record{.source = {.topic = message.topic_name(), .partition = message.partition()},
                .offset = message.offset(),
                .event = {.key = bytes(message.key_pointer(), message.key_len()),
                          .value = bytes(message.payload(), message.len())}};
  if (RdKafka::Headers* headers = message.headers()) {
    for (const auto& header : headers->get_all()) {
      record.event.headers.push_back(
          {.name = header.key(), .value = bytes(header.value(), header.value_size())});
    }
  }
  return record;
}

/// The same for a message of the C API.
inline Record to_record(const rd_kafka_message_t& message) {
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

}  // namespace course
