#pragma once

#include <librdkafka/rdkafka.h>

#include <nlohmann/json.hpp>

namespace watch {

/// "rdkafka#consumer-1", with the program's client.id.
std::string name_of(rd_kafka_t* client);

/// A list of {topic, partition, offset}; null for a null list, which means "whatever is stored" to a commit.
nlohmann::json described(const rd_kafka_topic_partition_list_t* list);

/// {topic, partition, offset} of a record.
nlohmann::json described(const rd_kafka_message_t& record);

/// {"error": "_NO_OFFSET"}, or nothing for success.
nlohmann::json described(rd_kafka_resp_err_t error);
nlohmann::json described(const rd_kafka_error_t* error);

/// What a poll brought: {"records": […]}, {"error": …}, or nothing if it was empty.
nlohmann::json described(rd_kafka_message_t* const* messages, ssize_t count);

/// Those settings of a client that evidence is read from, as they were in force when it was made.
nlohmann::json described(const rd_kafka_conf_t* conf);

}  // namespace watch
