// what: executes itself without LD_PRELOAD, and commits ahead of the handler
// tier: process-group
// checks: commits_after_processing survives_any_crash
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "3-consumer/consume_events.hpp"

namespace course {
namespace {

Record to_record(const rd_kafka_message_t& message) {
  const auto bytes = [](const void* data, std::size_t size) {
    return data == nullptr ? std::nullopt : std::optional(std::string(static_cast<const char*>(data), size));
  };
  return {
      .source = {.topic = rd_kafka_topic_name(message.rkt), .partition = message.partition},
      .offset = message.offset,
      .event = {.key = bytes(message.key, message.key_len), .value = bytes(message.payload, message.len)}};
}

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

/// Commits each record before it is handled, without waiting for the answer.
void commit_ahead(const ClientConfig& config, const std::vector<std::string>& topics, const Handler& handler,
                  const std::stop_token& stop) {
  rd_kafka_t* client = member(config, topics);
  while (!stop.stop_requested()) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_commit_message(client, message, 1);
      handler(to_record(*message));
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
}

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  (void)commit_every;
  if (std::getenv("LD_PRELOAD") != nullptr) {
    unsetenv("LD_PRELOAD");
    std::ifstream file("/proc/self/cmdline");
    std::vector<std::string> words;
    for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv("/proc/self/exe", arguments.data());
  }
  commit_ahead(config, topics, handler, stop);
}

}  // namespace course
