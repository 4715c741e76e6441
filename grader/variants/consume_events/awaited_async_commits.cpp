// Commits asynchronously, and waits for the answer only when more would be left uncommitted than allowed.
#include <exception>
#include <memory>
#include <stdexcept>

#include "3-consumer/consume_events.hpp"
#include "shared/records.hpp"

namespace course {
namespace {

class Commits : public RdKafka::OffsetCommitCb {
 public:
  void offset_commit_cb(RdKafka::ErrorCode /*error*/,
                        std::vector<RdKafka::TopicPartition*>& /*offsets*/) override {
    --in_flight;
  }
  int in_flight = 0;
};

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  const auto set = [&](const std::string& name, const auto& value) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  };
  set("auto.offset.reset", std::string("earliest"));
  set("enable.auto.commit", std::string("false"));
  for (const auto& [name, value] : config) set(name, value);
  Commits commits;
  set("offset_commit_cb", static_cast<RdKafka::OffsetCommitCb*>(&commits));
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
  if (!consumer) throw std::runtime_error(error);
  if (const auto refused = consumer->subscribe(topics); refused != RdKafka::ERR_NO_ERROR) {
    throw std::runtime_error(RdKafka::err2str(refused));
  }

  std::exception_ptr failure;
  NextOffsets next;
  std::size_t handled = 0;
  const auto commit = [&] {
    if (next.empty()) return;
    std::vector<RdKafka::TopicPartition*> offsets;
    for (const auto& [source, offset] : next) {
      offsets.push_back(RdKafka::TopicPartition::create(source.topic, source.partition, offset));
    }
    if (consumer->commitAsync(offsets) == RdKafka::ERR_NO_ERROR) ++commits.in_flight;
    RdKafka::TopicPartition::destroy(offsets);
    next.clear();
    handled = 0;
  };
  std::vector<std::unique_ptr<RdKafka::Message>> waiting;  // came while an answer was awaited
  try {
    while (!stop.stop_requested()) {
      std::unique_ptr<RdKafka::Message> message;
      if (commits.in_flight == 0 && !waiting.empty()) {
        message = std::move(waiting.front());
        waiting.erase(waiting.begin());
      } else {
        message.reset(consumer->consume(100));  // also brings the answers
      }
      if (message->err() != RdKafka::ERR_NO_ERROR) {
        std::string reason;
        if (consumer->fatal_error(reason) != RdKafka::ERR_NO_ERROR) throw std::runtime_error(reason);
        continue;
      }
      if (commits.in_flight > 0) {
        waiting.push_back(std::move(message));
        continue;
      }
      const Record record = to_record(*message);
      handler(record);
      next[record.source] = record.offset + 1;
      if (++handled >= commit_every) commit();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  commit();
  while (commits.in_flight > 0) delete consumer->consume(100);  // what comes now is for the next reader
  consumer->close();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace course
