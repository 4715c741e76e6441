// Through the C API: one call with everything in it, and a delivery report that is polled for.

#include "2-producer/produce_event.hpp"
#include "shared/c_client.hpp"

namespace course {
namespace {

void on_report(rd_kafka_t* /*producer*/, const rd_kafka_message_t* message, void* opaque) {
  *static_cast<std::optional<Delivery>*>(opaque) = to_delivery(*message);
}

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  std::optional<Delivery> delivery;
  // acks=all is librdkafka's default
  const std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)> producer(
      make_client(RD_KAFKA_PRODUCER, {}, config,
                  [&delivery](rd_kafka_conf_t* conf) {
                    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
                    rd_kafka_conf_set_opaque(conf, &delivery);
                  }),
      rd_kafka_destroy);
  rd_kafka_headers_t* headers = headers_of(event);
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
