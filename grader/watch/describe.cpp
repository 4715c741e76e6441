#include "watch/describe.hpp"

#include <array>

#include "watch/real.hpp"

namespace watch {
namespace {

std::string name_of(rd_kafka_resp_err_t error) {
  return REAL(rd_kafka_err2name)(error);
}

}  // namespace

std::string name_of(rd_kafka_t* client) {
  return client == nullptr ? "" : REAL(rd_kafka_name)(client);
}

nlohmann::json described(const rd_kafka_topic_partition_list_t* list) {
  if (list == nullptr) return nullptr;
  auto json = nlohmann::json::array();
  for (int i = 0; i < list->cnt; ++i) {
    const auto& one = list->elems[i];
    json.push_back({{"topic", one.topic}, {"partition", one.partition}, {"offset", one.offset}});
    if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) json.back()["error"] = name_of(one.err);
  }
  return json;
}

nlohmann::json described(const rd_kafka_message_t& record) {
  return {{"topic", record.rkt == nullptr ? "" : REAL(rd_kafka_topic_name)(record.rkt)},
          {"partition", record.partition},
          {"offset", record.offset}};
}

nlohmann::json described(rd_kafka_resp_err_t error) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return nlohmann::json::object();
  return {{"error", name_of(error)}};
}

nlohmann::json described(const rd_kafka_error_t* error) {
  return described(error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : REAL(rd_kafka_error_code)(error));
}

nlohmann::json described(rd_kafka_message_t* const* messages, ssize_t count) {
  auto json = nlohmann::json::object();
  for (ssize_t i = 0; i < count; ++i) {
    if (messages[i] == nullptr) continue;
    if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      json["records"].push_back(described(*messages[i]));
    } else {
      json["error"] = name_of(messages[i]->err);
    }
  }
  return json;
}

nlohmann::json described(const rd_kafka_conf_t* conf) {
  constexpr std::array properties{"client.id",
                                  "group.id",
                                  "group.instance.id",
                                  "auto.offset.reset",
                                  "enable.auto.commit",
                                  "enable.auto.offset.store",
                                  "auto.commit.interval.ms",
                                  "partition.assignment.strategy",
                                  "isolation.level",
                                  "acks",
                                  "enable.idempotence",
                                  "transactional.id"};
  auto json = nlohmann::json::object();
  if (conf == nullptr) return json;
  for (const char* property : properties) {
    std::array<char, 256> value{};
    std::size_t size = value.size();
    if (REAL(rd_kafka_conf_get)(conf, property, value.data(), &size) == RD_KAFKA_CONF_OK)
      json[property] = value.data();
  }
  return json;
}

}  // namespace watch
