#include "4-groups/run_consumer_worker.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

namespace course {
namespace {

std::unique_ptr<RdKafka::KafkaConsumer> make_consumer(const WorkerOptions& options, RdKafka::RebalanceCb& rebalances) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  const auto set = [&](const std::string& name, const auto& value) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  };
  set("client.id", options.name);
  set("auto.offset.reset", std::string("earliest"));
  set("enable.auto.commit", std::string("false"));
  set("enable.auto.offset.store", std::string("false"));
  for (const auto& [name, value] : options.config) set(name, value);
  set("rebalance_cb", &rebalances);

  std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
  if (!consumer) throw std::runtime_error(error);
  return consumer;
}

std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

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

/// What was handled and is not committed yet, of the partitions that are ours.
class Progress {
 public:
  void handled(const Record& record) {
    next_[record.source] = record.offset + 1;
    ++uncommitted_;
  }

  [[nodiscard]] std::size_t uncommitted() const { return uncommitted_; }

  /// Waits for the broker's answer. A refusal (a rebalance has begun, the group has moved on) ends
  /// nothing: the offsets stay for the next attempt, or go when their partition goes.
  void commit(RdKafka::KafkaConsumer& consumer) {
    if (next_.empty()) return;
    std::vector<std::unique_ptr<RdKafka::TopicPartition>> owned;
    std::vector<RdKafka::TopicPartition*> offsets;
    for (const auto& [source, next] : next_) {
      owned.emplace_back(RdKafka::TopicPartition::create(source.topic, source.partition, next));
      offsets.push_back(owned.back().get());
    }
    if (consumer.commitSync(offsets) != RdKafka::ERR_NO_ERROR) return;
    next_.clear();
    uncommitted_ = 0;
  }

  /// The partitions are somebody else's now; a later commit must not touch them.
  void forget(const std::vector<TopicPartition>& partitions) {
    for (const auto& partition : partitions) next_.erase(partition);
    if (next_.empty()) uncommitted_ = 0;
  }

 private:
  std::map<TopicPartition, std::int64_t> next_;
  std::size_t uncommitted_ = 0;
};

/// Takes and gives partitions as the group says. librdkafka calls it from consume() and close(), on our
/// own thread. It is C code that calls us, so nothing may be thrown through it.
class Rebalances : public RdKafka::RebalanceCb {
 public:
  Rebalances(Progress& progress, RebalanceObserver& observer) : progress_(progress), observer_(observer) {}

  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode event,
                    std::vector<RdKafka::TopicPartition*>& list) override {
    std::vector<TopicPartition> partitions;
    for (const auto* one : list) partitions.push_back({.topic = one->topic(), .partition = one->partition()});
    const bool incremental = consumer->rebalance_protocol() == "COOPERATIVE";
    if (event == RdKafka::ERR__ASSIGN_PARTITIONS) {
      tell(&RebalanceObserver::on_assigned, partitions);
      if (incremental) {
        destroy(consumer->incremental_assign(list));
      } else {
        consumer->assign(list);
      }
      return;
    }
    if (consumer->assignment_lost()) {
      progress_.forget(partitions);  // they may have a new owner already, whose commits count
      tell(&RebalanceObserver::on_lost, partitions);
    } else {
      progress_.commit(*consumer);  // last moment: after unassign() they are not ours to commit
      progress_.forget(partitions);
      tell(&RebalanceObserver::on_revoked, partitions);
    }
    if (incremental) {
      destroy(consumer->incremental_unassign(list));
    } else {
      consumer->unassign();
    }
  }

  void rethrow() {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

 private:
  void tell(void (RebalanceObserver::*what)(const std::vector<TopicPartition>&),
            const std::vector<TopicPartition>& partitions) {
    try {
      (observer_.*what)(partitions);
    } catch (...) {
      thrown_ = std::current_exception();
    }
  }

  static void destroy(RdKafka::Error* error) { delete error; }  // NOLINT(cppcoreguidelines-owning-memory): ours

  Progress& progress_;
  RebalanceObserver& observer_;
  std::exception_ptr thrown_;
};

}  // namespace

void run_consumer_worker(const WorkerOptions& options, const Handler& handler, RebalanceObserver& observer,
                         std::stop_token stop) {
  Progress progress;
  Rebalances rebalances(progress, observer);
  const auto consumer = make_consumer(options, rebalances);
  // close() gives the partitions back through the rebalance callback, which commits, and leaves the group.
  const auto close = [](RdKafka::KafkaConsumer* open) { open->close(); };
  const std::unique_ptr<RdKafka::KafkaConsumer, decltype(close)> leaving(consumer.get(), close);

  if (const auto error = consumer->subscribe(options.topics); error != RdKafka::ERR_NO_ERROR) {
    throw std::runtime_error(RdKafka::err2str(error));
  }
  while (!stop.stop_requested()) {
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(100));
    rebalances.rethrow();
    if (message->err() != RdKafka::ERR_NO_ERROR) {
      std::string reason;
      if (consumer->fatal_error(reason) != RdKafka::ERR_NO_ERROR) throw std::runtime_error(reason);
      continue;
    }
    const Record record = to_record(*message);
    handler(record);
    progress.handled(record);
    if (progress.uncommitted() >= options.commit_every) progress.commit(*consumer);
  }
}

}  // namespace course
