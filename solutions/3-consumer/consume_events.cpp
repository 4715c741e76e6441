#include "3-consumer/consume_events.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <map>
#include <memory>
#include <stdexcept>

namespace course {
namespace {

std::unique_ptr<RdKafka::KafkaConsumer> make_consumer(const ClientConfig& config) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  const auto set = [&](const std::string& name, const std::string& value) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  };
  set("auto.offset.reset", "earliest");
  // Both automatisms off. The first commits by the clock, the second calls a record done when it is
  // handed out; we say what is done, and when.
  set("enable.auto.commit", "false");
  set("enable.auto.offset.store", "false");
  for (const auto& [name, value] : config) set(name, value);

  std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
  if (!consumer) throw std::runtime_error(error);
  return consumer;
}

std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

/// A copy of the message, which owns its bytes.
Record to_record(RdKafka::Message& message) {
  Record record{.source = {.topic = message.topic_name(), .partition = message.partition()},
                .offset = message.offset(),
                .event = {.key = bytes(message.key_pointer(), message.key_len()),
                          .value = bytes(message.payload(), message.len())}};
  if (RdKafka::Headers* headers = message.headers()) {
    for (const auto& header : headers->get_all()) {
      record.event.headers.push_back({.name = header.key(), .value = bytes(header.value(), header.value_size())});
    }
  }
  record.event.timestamp = std::chrono::milliseconds(message.timestamp().timestamp);
  return record;
}

/// What was handled and is not committed yet.
class Progress {
 public:
  explicit Progress(RdKafka::KafkaConsumer& consumer) : consumer_(consumer) {}

  void handled(const Record& record) {
    next_[record.source] = record.offset + 1;  // committed is where the next reader starts
    ++uncommitted_;
  }

  [[nodiscard]] std::size_t uncommitted() const { return uncommitted_; }

  /// Waits for the broker's answer. When it refuses (the group moved on, it can't be reached), the
  /// offsets stay here for the next attempt: at worst somebody repeats these records.
  void commit() {
    if (uncommitted_ == 0) return;
    std::vector<std::unique_ptr<RdKafka::TopicPartition>> owned;
    std::vector<RdKafka::TopicPartition*> offsets;
    for (const auto& [source, next] : next_) {
      owned.emplace_back(RdKafka::TopicPartition::create(source.topic, source.partition, next));
      offsets.push_back(owned.back().get());
    }
    if (consumer_.commitSync(offsets) != RdKafka::ERR_NO_ERROR) return;
    next_.clear();
    uncommitted_ = 0;
  }

 private:
  RdKafka::KafkaConsumer& consumer_;
  std::map<TopicPartition, std::int64_t> next_;
  std::size_t uncommitted_ = 0;
};

void throw_if_fatal(RdKafka::KafkaConsumer& consumer) {
  std::string reason;
  if (consumer.fatal_error(reason) != RdKafka::ERR_NO_ERROR) throw std::runtime_error(reason);
}

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics, const Handler& handler,
                    std::size_t commit_every, std::stop_token stop) {
  const auto consumer = make_consumer(config);
  Progress progress(*consumer);
  // However we leave: commit what was handled, then leave the group, so that others take over at once.
  const auto leave = [&](void*) {
    progress.commit();
    consumer->close();
  };
  const std::unique_ptr<void, decltype(leave)> leaving(consumer.get(), leave);

  if (const auto error = consumer->subscribe(topics); error != RdKafka::ERR_NO_ERROR) {
    throw std::runtime_error(RdKafka::err2str(error));
  }
  while (!stop.stop_requested()) {
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(100));
    if (message->err() != RdKafka::ERR_NO_ERROR) {
      // Nothing yet, or a trouble that the client gets over by itself. Only a fatal error is final.
      throw_if_fatal(*consumer);
      continue;
    }
    const Record record = to_record(*message);
    handler(record);
    progress.handled(record);
    if (progress.uncommitted() >= commit_every) progress.commit();
  }
}

}  // namespace course
