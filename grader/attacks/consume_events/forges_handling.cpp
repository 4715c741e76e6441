// what: tells the check of handler calls that never were, for records that it never read
// tier: process-group
// checks: handles_every_record commits_after_processing survives_any_crash
#include <librdkafka/rdkafka.h>

#include <nlohmann/json.hpp>

#include "3-consumer/consume_events.hpp"
#include "support/report_channel.hpp"

namespace course {
namespace {

/// A member of the group, made with librdkafka's C API.
rd_kafka_t* member(const ClientConfig& config, const std::vector<std::string>& topics) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : config)
    rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error);
  rd_kafka_conf_set(conf, "enable.auto.commit", "false", error, sizeof error);
  rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", error, sizeof error);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  rd_kafka_poll_set_consumer(client);
  auto* list = rd_kafka_topic_partition_list_new(1);
  for (const auto& topic : topics)
    rd_kafka_topic_partition_list_add(list, topic.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client, list);
  rd_kafka_topic_partition_list_destroy(list);
  return client;
}

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  (void)commit_every;
  const auto check = ReportChannel::from_environment();
  (void)handler;
  rd_kafka_t* client = member(config, topics);
  for (std::int64_t offset = 0; offset < 10; ++offset) {
    for (std::int32_t partition = 0; partition < 4; ++partition) {
      for (const auto& topic : topics)
        check->ask({{"kind", "hook"},
                    {"topic", topic},
                    {"partition", partition},
                    {"offset", offset},
                    {"hash", "0"}});
    }
  }
  while (!stop.stop_requested()) {
    if (auto* message = rd_kafka_consumer_poll(client, 100)) {
      rd_kafka_commit_message(client, message, 0);
      rd_kafka_message_destroy(message);
    }
  }
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
}

}  // namespace course
