#include "predictions/experiments/sender.hpp"

#include "harness/infra_error.hpp"

namespace grader {

Sender::Sender(const course::ClientConfig& config, const std::string& topic) : topic_(topic) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  for (const auto& [name, value] : config) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw InfraError("a producer: " + error);
  }
  conf->set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(this), error);
  producer_.reset(RdKafka::Producer::create(conf.get(), error));
  if (!producer_) throw InfraError("a producer: " + error);
}

Sender::~Sender() {
  producer_->purge(RdKafka::Producer::PURGE_QUEUE | RdKafka::Producer::PURGE_INFLIGHT);
}

void Sender::send(const std::string& value, std::int32_t partition) {
  if (open_ == 0) failed_ = false;
  const auto error =
      producer_->produce(topic_, partition, RdKafka::Producer::RK_MSG_COPY, const_cast<char*>(value.data()),
                         value.size(), nullptr, 0, 0, nullptr);
  if (error != RdKafka::ERR_NO_ERROR) throw InfraError("a producer: " + RdKafka::err2str(error));
  ++open_;
}

Fate Sender::fate() {
  producer_->poll(0);
  if (open_ > 0) return Fate::open;
  return failed_ ? Fate::failed : Fate::acknowledged;
}

bool Sender::refused_for_replicas() const {
  return code_ == RdKafka::ERR_NOT_ENOUGH_REPLICAS || code_ == RdKafka::ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND;
}

void Sender::dr_cb(RdKafka::Message& message) {
  --open_;
  if (message.err() == RdKafka::ERR_NO_ERROR) return;
  failed_ = true;
  code_ = message.err();
  error_ = message.errstr();
}

}  // namespace grader
