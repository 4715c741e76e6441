#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <string>

#include "2-producer/produce_event.hpp"

namespace course {

/// A producer that gives up after two seconds; null if there can be none. `reports` outlives it.
inline std::unique_ptr<RdKafka::Producer> producer_of(const ClientConfig& config,
                                                      RdKafka::DeliveryReportCb* reports = nullptr) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  for (const auto& [name, value] : config) conf->set(name, value, error);
  conf->set("message.timeout.ms", "2000", error);
  if (reports != nullptr) conf->set("dr_cb", reports, error);
  return std::unique_ptr<RdKafka::Producer>(RdKafka::Producer::create(conf.get(), error));
}

/// Sends an event that has a key and a value, and waits for it a little.
inline void send(RdKafka::Producer& producer, const std::string& topic, const Event& event) {
  producer.produce(topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                   const_cast<char*>(event.value->data()), event.value->size(), event.key->data(),
                   event.key->size(), 0, nullptr, nullptr);
  producer.flush(3000);
}

}  // namespace course
