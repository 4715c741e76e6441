// Through the C API: one call with everything in it, and a delivery report that is polled for.

#include <librdkafka/rdkafka.h>

#include <memory>
#include <stdexcept>

#include "2-producer/produce_event.hpp"

namespace course {
namespace {

void on_report(rd_kafka_t* /*producer*/, const rd_kafka_message_t* message, void* opaque) {
  auto& delivery = *static_cast<std::optional<Delivery>*>(opaque);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    delivery = Delivery{.error = rd_kafka_err2str(message->err)};
  } else {
    delivery = Delivery{.partition = message->partition, .offset = message->offset};
  }
}

using Producer = std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)>;

Producer make_producer(const ClientConfig& config, std::optional<Delivery>& delivery) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : config) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK)
      continue;
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error(error);
  }
  rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  rd_kafka_conf_set_opaque(conf, &delivery);
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

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  std::optional<Delivery> delivery;
  const auto producer = make_producer(config, delivery);  // acks=all is librdkafka's default
  rd_kafka_headers_t* headers = rd_kafka_headers_new(event.headers.size());
  for (const auto& [name, value] : event.headers) {
    rd_kafka_header_add(headers, name.c_str(), -1, data(value), static_cast<ssize_t>(size(value)));
  }
  const auto timestamp = event.timestamp ? event.timestamp->count() : 0;
  const auto refused = rd_kafka_producev(
      producer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_VALUE(data(event.value), size(event.value)),
      RD_KAFKA_V_KEY(data(event.key), size(event.key)), RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  if (refused != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_headers_destroy(headers);
    return {.error = rd_kafka_err2str(refused)};
  }
  while (!delivery) rd_kafka_poll(producer.get(), 1000);
  return *delivery;
}

}  // namespace course
