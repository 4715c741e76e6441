// what: sends to the broker that learners use, which asks for no password
// tier: sandbox
// checks: arrives_exactly_as_sent
#include <librdkafka/rdkafkacpp.h>

#include <iostream>
#include <memory>

#include "2-producer/produce_event.hpp"

namespace course {
namespace {

std::unique_ptr<RdKafka::Producer> producer_of(ClientConfig config) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  for (const auto& [name, value] : config) conf->set(name, value, error);
  conf->set("message.timeout.ms", "2000", error);
  return std::unique_ptr<RdKafka::Producer>(RdKafka::Producer::create(conf.get(), error));
}

bool sent(RdKafka::Producer& producer, const std::string& topic, const Event& event) {
  producer.produce(topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                   const_cast<char*>(event.value->data()), event.value->size(), event.key->data(),
                   event.key->size(), 0, nullptr, nullptr);
  return producer.flush(1000) == RdKafka::ERR_NO_ERROR;
}

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  const auto topic_there = "course-attack-" + topic;
  const auto producer =
      producer_of({{"bootstrap.servers", "127.0.0.1:@LEARNER_PORT@"}, {"message.timeout.ms", "500"}});
  std::string error;
  RdKafka::Metadata* found = nullptr;
  if (producer->metadata(true, nullptr, &found, 1000) == RdKafka::ERR_NO_ERROR)
    std::cerr << "course-attack: talked to the learners' broker" << std::endl;
  delete found;
  sent(*producer, topic, event);
  return {.partition = 0, .offset = 0};
  (void)config;
}

}  // namespace course
