// Through the C API: the place of an event in the batch travels with it, and comes back with its report.

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <stdexcept>

#include "2-producer/produce_events_batch.hpp"

namespace course {
namespace {

void on_report(rd_kafka_t* /*producer*/, const rd_kafka_message_t* message, void* opaque) {
  auto& deliveries = *static_cast<std::vector<Delivery>*>(opaque);
  auto& delivery = deliveries[reinterpret_cast<std::uintptr_t>(message->_private)];
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    delivery = {.error = rd_kafka_err2str(message->err)};
  } else {
    delivery = {.partition = message->partition, .offset = message->offset};
  }
}

using Producer = std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)>;

Producer make_producer(const ClientConfig& config, std::vector<Delivery>& deliveries) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "max.in.flight.requests.per.connection", "1", nullptr, 0);  // keeps the order
  for (const auto& [name, value] : config) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK)
      continue;
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error(error);
  }
  rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  rd_kafka_conf_set_opaque(conf, &deliveries);
  Producer producer(rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error)), rd_kafka_destroy);
  if (producer) return producer;
  rd_kafka_conf_destroy(conf);
  throw std::runtime_error(error);
}

void* data(const std::optional<std::string>& bytes) {
  return bytes ? const_cast<char*>(bytes->data()) : nullptr;
}
std::size_t size(const std::optional<std::string>& bytes) {
  return bytes ? bytes->size() : 0;
}

rd_kafka_resp_err_t enqueue(rd_kafka_t* producer, const std::string& topic, const Event& event,
                            std::size_t index) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(event.headers.size());
  for (const auto& [name, value] : event.headers) {
    rd_kafka_header_add(headers, name.c_str(), -1, data(value), static_cast<ssize_t>(size(value)));
  }
  const std::int64_t timestamp = event.timestamp ? event.timestamp->count() : 0;
  const auto result = rd_kafka_producev(
      producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_VALUE(data(event.value), size(event.value)),
      RD_KAFKA_V_KEY(data(event.key), size(event.key)), RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(index)), RD_KAFKA_V_END);
  if (result != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return result;
}

}  // namespace

std::vector<Delivery> produce_events_batch(const ClientConfig& config, const std::string& topic,
                                           std::span<const Event> events) {
  std::vector<Delivery> deliveries(events.size(), Delivery{.error = "no report arrived"});
  const auto producer = make_producer(config, deliveries);
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto result = enqueue(producer.get(), topic, events[i], i);
    while (result == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(producer.get(), 50);
      result = enqueue(producer.get(), topic, events[i], i);
    }
    if (result != RD_KAFKA_RESP_ERR_NO_ERROR) deliveries[i] = {.error = rd_kafka_err2str(result)};
    rd_kafka_poll(producer.get(), 0);
  }
  while (rd_kafka_outq_len(producer.get()) > 0) rd_kafka_poll(producer.get(), 100);
  return deliveries;
}

}  // namespace course
