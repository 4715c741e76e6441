// Through the C API: the place of an event in the batch travels with it, and comes back with its report.

#include <cstdint>

#include "2-producer/produce_events_batch.hpp"
#include "shared/c_client.hpp"

namespace course {
namespace {

void on_report(rd_kafka_t* /*producer*/, const rd_kafka_message_t* message, void* opaque) {
  auto& deliveries = *static_cast<std::vector<Delivery>*>(opaque);
  deliveries[reinterpret_cast<std::uintptr_t>(message->_private)] = to_delivery(*message);
}

rd_kafka_resp_err_t enqueue(rd_kafka_t* producer, const std::string& topic, const Event& event,
                            std::size_t index) {
  rd_kafka_headers_t* headers = headers_of(event);
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
  const ClientConfig keeps_the_order{{"max.in.flight.requests.per.connection", "1"}};
  const std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)> producer(
      make_client(RD_KAFKA_PRODUCER, keeps_the_order, config,
                  [&deliveries](rd_kafka_conf_t* conf) {
                    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
                    rd_kafka_conf_set_opaque(conf, &deliveries);
                  }),
      rd_kafka_destroy);
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
