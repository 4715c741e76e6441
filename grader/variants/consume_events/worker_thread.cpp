// One thread polls, another works: while the handler is busy its partitions are paused and polling goes on.
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>

#include "3-consumer/consume_events.hpp"
#include "shared/records.hpp"

namespace course {
namespace {

using Partitions = std::vector<RdKafka::TopicPartition*>;

class Reader {
 public:
  explicit Reader(const ClientConfig& config) {
    const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    std::string error;
    const auto set = [&](const std::string& name, const std::string& value) {
      if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
    };
    set("auto.offset.reset", "earliest");
    set("enable.auto.commit", "false");
    for (const auto& [name, value] : config) set(name, value);
    consumer_.reset(RdKafka::KafkaConsumer::create(conf.get(), error));
    if (!consumer_) throw std::runtime_error(error);
  }

  void read(const std::vector<std::string>& topics, const Handler& handler, std::size_t commit_every,
            const std::stop_token& stop) {
    if (const auto refused = consumer_->subscribe(topics); refused != RdKafka::ERR_NO_ERROR) {
      throw std::runtime_error(RdKafka::err2str(refused));
    }
    while (!stop.stop_requested()) {
      const std::unique_ptr<RdKafka::Message> message(consumer_->consume(100));
      if (message->err() != RdKafka::ERR_NO_ERROR) {
        std::string reason;
        if (consumer_->fatal_error(reason) != RdKafka::ERR_NO_ERROR) throw std::runtime_error(reason);
        continue;
      }
      const Record record = to_record(*message);
      work_on(record, handler);
      next_[record.source] = record.offset + 1;
      if (++handled_ >= commit_every) commit();
    }
  }

  void leave() {
    commit();
    consumer_->close();
  }

 private:
  void work_on(const Record& record, const Handler& handler) {
    auto work = std::async(std::launch::async, [&] { handler(record); });
    Partitions assigned;
    consumer_->assignment(assigned);
    consumer_->pause(assigned);
    // Polling keeps us in the group, however long the handler takes; paused, it brings no records of note.
    while (work.wait_for(std::chrono::milliseconds(0)) != std::future_status::ready) {
      const std::unique_ptr<RdKafka::Message> message(consumer_->consume(10));
      if (message->err() == RdKafka::ERR_NO_ERROR) seek_back(*message);
    }
    consumer_->resume(assigned);
    RdKafka::TopicPartition::destroy(assigned);
    work.get();
  }

  void seek_back(RdKafka::Message& message) {
    const std::unique_ptr<RdKafka::TopicPartition> place(
        RdKafka::TopicPartition::create(message.topic_name(), message.partition(), message.offset()));
    consumer_->seek(*place, 5000);
  }

  void commit() {
    if (next_.empty()) return;
    Partitions offsets;
    for (const auto& [source, offset] : next_) {
      offsets.push_back(RdKafka::TopicPartition::create(source.topic, source.partition, offset));
    }
    if (consumer_->commitSync(offsets) == RdKafka::ERR_NO_ERROR) {
      next_.clear();
      handled_ = 0;
    }
    RdKafka::TopicPartition::destroy(offsets);
  }

  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
  NextOffsets next_;
  std::size_t handled_ = 0;
};

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  Reader reader(config);
  std::exception_ptr failure;
  try {
    reader.read(topics, handler, commit_every, stop);
  } catch (...) {
    failure = std::current_exception();
  }
  reader.leave();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace course
