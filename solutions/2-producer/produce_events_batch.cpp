#include "2-producer/produce_events_batch.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace course {
namespace {

/// Writes each delivery report to the place that produce() was given for it, its `msg_opaque`.
/// librdkafka calls it from poll() and flush(), on our own thread.
class ReportReceiver : public RdKafka::DeliveryReportCb {
 public:
  void dr_cb(RdKafka::Message& message) override {
    auto& delivery = *static_cast<Delivery*>(message.msg_opaque());
    delivery.partition = message.partition();
    delivery.offset = message.offset();
    if (message.err() != RdKafka::ERR_NO_ERROR) delivery.error = message.errstr();
  }
};

/// A producer and what it was made from.
struct Client {
  std::unique_ptr<RdKafka::Conf> conf;
  std::unique_ptr<RdKafka::Producer> producer;

  [[nodiscard]] std::string setting(const std::string& property) const {
    std::string value;
    conf->get(property, value);
    return value;
  }
};

/// A client with `ours` and, above it, `config`; without producer but with `error` if they don't go together.
Client try_client(const ClientConfig& ours, const ClientConfig& config, RdKafka::DeliveryReportCb& reports,
                  std::string& error) {
  Client client;
  client.conf.reset(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  for (const ClientConfig* settings : {&ours, &config}) {
    for (const auto& [name, value] : *settings) {
      if (client.conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
    }
  }
  if (client.conf->set("dr_cb", &reports, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  client.producer.reset(RdKafka::Producer::create(client.conf.get(), error));
  return client;
}

/// A client that keeps the order of equal keys even when it has to send something again: the broker
/// takes what an idempotent producer sends once, and in order. That has conditions, acks=all among
/// them. Where `config` rules it out, a single request on its way at a time keeps the order too.
Client make_client(const ClientConfig& config, RdKafka::DeliveryReportCb& reports) {
  std::string error;
  ClientConfig ours{{"acks", "all"}, {"enable.idempotence", "true"}};
  Client client = try_client(ours, config, reports, error);
  if (!client.producer || client.setting("enable.idempotence") == "false") {
    ours["enable.idempotence"] = "false";
    ours["max.in.flight"] = "1";
    client = try_client(ours, config, reports, error);
  }
  if (!client.producer) throw std::runtime_error(error);
  return client;
}

/// Pointer and length for librdkafka, in which null and empty are different.
const void* data(const std::optional<std::string>& bytes) {
  return bytes ? bytes->data() : nullptr;
}
std::size_t size(const std::optional<std::string>& bytes) {
  return bytes ? bytes->size() : 0;
}

/// Puts the event into the producer's queue. Its value is not copied; it has to stay until the report is
/// read.
RdKafka::ErrorCode enqueue(RdKafka::Producer& producer, RdKafka::Topic& topic, const Event& event,
                           Delivery& delivery) {
  const auto partition = RdKafka::Topic::PARTITION_UA;  // the hash of the key decides
  constexpr int neither_copy_nor_free = 0;
  auto* value = const_cast<void*>(data(event.value));
  // The quick form of produce() can't take everything that an event may have.
  if (event.headers.empty() && !event.timestamp) {
    return producer.produce(&topic, partition, neither_copy_nor_free, value, size(event.value),
                            data(event.key), size(event.key), &delivery);
  }
  std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create());
  for (const auto& [name, bytes] : event.headers) headers->add(name, data(bytes), size(bytes));
  const auto timestamp = event.timestamp.value_or(std::chrono::milliseconds(0));  // 0 means now
  const auto result =
      producer.produce(topic.name(), partition, neither_copy_nor_free, value, size(event.value),
                       data(event.key), size(event.key), timestamp.count(), headers.get(), &delivery);
  // NOLINTNEXTLINE(bugprone-unused-return-value): after a successful produce() the headers are librdkafka's
  if (result == RdKafka::ERR_NO_ERROR) (void)headers.release();
  return result;
}

}  // namespace

std::vector<Delivery> produce_events_batch(const ClientConfig& config, const std::string& topic,
                                           std::span<const Event> events) {
  if (events.empty()) return {};
  std::vector<Delivery> deliveries(events.size());
  ReportReceiver reports;  // this and the deliveries outlive the producer, which writes to them
  const Client client = make_client(config, reports);
  auto& producer = *client.producer;

  // Asks at once where the partitions are; to produce() by name alone may leave that to a timer (one second).
  std::string error;
  const std::unique_ptr<RdKafka::Topic> handle(RdKafka::Topic::create(&producer, topic, nullptr, error));
  if (!handle) return std::vector<Delivery>(events.size(), Delivery{.error = error});

  const std::chrono::milliseconds timeout(std::stoll(client.setting("message.timeout.ms")));
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  bool late = false;
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto queued = late ? RdKafka::ERR__MSG_TIMED_OUT : enqueue(producer, *handle, events[i], deliveries[i]);
    // An event leaves the queue when its report has been read: polling makes room. An event for which an
    // empty queue is not enough will never fit.
    while (queued == RdKafka::ERR__QUEUE_FULL && producer.outq_len() > 0) {
      producer.poll(100);
      late = timeout.count() > 0 && std::chrono::steady_clock::now() > deadline;
      queued = late ? RdKafka::ERR__MSG_TIMED_OUT : enqueue(producer, *handle, events[i], deliveries[i]);
    }
    if (queued != RdKafka::ERR_NO_ERROR) deliveries[i].error = RdKafka::err2str(queued);
    producer.poll(0);
  }
  producer.flush(-1);  // as long as message.timeout.ms allows; then every report has been read
  return deliveries;
}

}  // namespace course
