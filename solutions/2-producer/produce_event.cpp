#include "2-producer/produce_event.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <stdexcept>

namespace course {
namespace {

/// Receives the delivery report. librdkafka calls it from poll() and flush(), on our own thread.
class ReportReceiver : public RdKafka::DeliveryReportCb {
 public:
  void dr_cb(RdKafka::Message& message) override {
    if (message.err() == RdKafka::ERR_NO_ERROR) {
      delivery = {.partition = message.partition(), .offset = message.offset()};
    } else {
      delivery = {.error = message.errstr()};
    }
  }

  Delivery delivery{.error = "no delivery report arrived"};
};

std::unique_ptr<RdKafka::Producer> make_producer(const ClientConfig& config,
                                                 RdKafka::DeliveryReportCb& reports) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  const auto set = [&](const std::string& name, const std::string& value) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  };
  set("acks", "all");
  for (const auto& [name, value] : config) set(name, value);
  if (conf->set("dr_cb", &reports, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);

  std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
  if (!producer) throw std::runtime_error(error);
  return producer;
}

/// Pointer and length for librdkafka, in which null and empty are different.
const void* data(const std::optional<std::string>& bytes) {
  return bytes ? bytes->data() : nullptr;
}
std::size_t size(const std::optional<std::string>& bytes) {
  return bytes ? bytes->size() : 0;
}

std::unique_ptr<RdKafka::Headers> make_headers(const Event& event) {
  std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create());
  for (const auto& [name, value] : event.headers) headers->add(name, data(value), size(value));
  return headers;
}

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  ReportReceiver reports;  // outlives the producer, which calls it
  const auto producer = make_producer(config, reports);
  auto headers = make_headers(event);

  // Asks at once where the topic's partitions are. Without, produce() may leave that to a timer of one
  // second.
  std::string error;
  const std::unique_ptr<RdKafka::Topic> handle(RdKafka::Topic::create(producer.get(), topic, nullptr, error));

  // produce() only puts the event into a queue. RK_MSG_COPY: our bytes stay ours.
  const RdKafka::ErrorCode queued = producer->produce(
      topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
      const_cast<void*>(data(event.value)), size(event.value), data(event.key), size(event.key),
      event.timestamp.value_or(std::chrono::milliseconds(0)).count(), headers.get(), nullptr);
  if (queued != RdKafka::ERR_NO_ERROR) return {.error = RdKafka::err2str(queued)};
  (void)headers.release();  // NOLINT(bugprone-unused-return-value): a successful produce() owns the headers

  // Without a limit of ours: message.timeout.ms bounds how long the report can take.
  producer->flush(-1);
  return reports.delivery;
}

}  // namespace course
