#include "4-groups/run_consumer_worker.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

namespace course {
namespace {

std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

/// A copy that owns its bytes: those of the message go with the message.
Record to_record(RdKafka::Message& message) {
  Record record{.source = {.topic = message.topic_name(), .partition = message.partition()},
                .offset = message.offset(),
                .event = {.key = bytes(message.key_pointer(), message.key_len()),
                          .value = bytes(message.payload(), message.len())}};
  if (RdKafka::Headers* headers = message.headers()) {
    for (const auto& header : headers->get_all()) {
      record.event.headers.push_back(
          {.name = header.key(), .value = bytes(header.value(), header.value_size())});
    }
  }
  if (const auto [type, time] = message.timestamp();
      type != RdKafka::MessageTimestamp::MSG_TIMESTAMP_NOT_AVAILABLE) {
    record.event.timestamp = std::chrono::milliseconds(time);
  }
  return record;
}

/// A member of a consumer group, and what it has handled but not committed yet.
class Worker : private RdKafka::RebalanceCb {
 public:
  Worker(const WorkerOptions& options, RebalanceObserver& observer, std::stop_token stop)
      : observer_(observer), stop_(std::move(stop)) {
    const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    std::string error;
    const auto set = [&](const std::string& name, const auto& value) {
      if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
    };
    set("client.id", options.name);
    set("auto.offset.reset", std::string("earliest"));
    // Neither commit by the clock, nor take a record for done as soon as it is handed out.
    set("enable.auto.commit", std::string("false"));
    set("enable.auto.offset.store", std::string("false"));
    for (const auto& [name, value] : options.config) set(name, value);
    set("rebalance_cb", static_cast<RdKafka::RebalanceCb*>(this));
    consumer_.reset(RdKafka::KafkaConsumer::create(conf.get(), error));
    if (!consumer_) throw std::runtime_error(error);
  }

  void work(const std::vector<std::string>& topics, const Handler& handler, std::size_t commit_every) {
    const auto error = consumer_->subscribe(topics);
    if (error != RdKafka::ERR_NO_ERROR) throw std::runtime_error(RdKafka::err2str(error));
    while (!stop_.stop_requested()) {
      // Also serves the rebalances, and rejoins the group if it has lost patience with us
      // (max.poll.interval.ms).
      const std::unique_ptr<RdKafka::Message> message(consumer_->consume(100));
      rethrow();
      if (message->err() != RdKafka::ERR_NO_ERROR) {
        // Nothing came, or something went wrong that the client gets over by itself. Only fatal errors stay.
        std::string reason;
        if (consumer_->fatal_error(reason) != RdKafka::ERR_NO_ERROR) throw std::runtime_error(reason);
        continue;
      }
      const Record record = to_record(*message);
      handler(record);
      next_[record.source] = record.offset + 1;  // what is committed is where the next reader starts
      if (++uncommitted_ >= commit_every) commit();
    }
  }

  /// Whatever happened before: commits what was handled and leaves the group, which tells the other members
  /// at once. A client that is only destroyed is waited for until its session times out.
  void leave() {
    using std::chrono_literals::operator""ms;
    attempt([&] { commit(); });
    // Out of the group first, then close. librdkafka before 2.4 may hang, abort or stay in the group when it
    // is closed in the middle of joining or rebalancing (github.com/confluentinc/librdkafka/issues/4312,
    // 4527).
    serve_until(500ms, [&] { return joined_ || in_group(); });
    if (in_group()) serve_until(3000ms, [&] { return joined_; });
    consumer_->unsubscribe();
    if (joined_) serve_until(3000ms, [&] { return !in_group(); });
    consumer_->close();
  }

  /// Runs `step` and keeps its exception for rethrow(); of several the first, which is the cause.
  template <typename Step>
  void attempt(const Step& step) {
    try {
      step();
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  [[nodiscard]] bool in_group() const { return !consumer_->memberid().empty(); }

  /// Lets librdkafka work for the group. Records that come meanwhile are for the next reader.
  template <typename Condition>
  void serve_until(std::chrono::milliseconds patience, const Condition& holds) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds() && std::chrono::steady_clock::now() < deadline) {
      const std::unique_ptr<RdKafka::Message> unread(consumer_->consume(10));
    }
  }

  /// Commits all that was handled, however long the broker is out of reach: to read on meanwhile would
  /// leave more uncommitted than was allowed. After a stop it gives up, with an exception, after three
  /// seconds. Returns false if the group has moved on without us, so that there is nothing to commit.
  bool commit() {
    std::vector<std::unique_ptr<RdKafka::TopicPartition>> owned;
    std::vector<RdKafka::TopicPartition*> offsets;
    for (const auto& [source, next] : next_) {
      owned.emplace_back(RdKafka::TopicPartition::create(source.topic, source.partition, next));
      offsets.push_back(owned.back().get());
    }
    for (int tries_left = 30; !offsets.empty();) {
      // Others have our partitions and may be ahead: to commit now would take them back.
      if (consumer_->assignment_lost()) return false;
      const auto error = consumer_->commitSync(offsets);
      switch (error) {
        case RdKafka::ERR_NO_ERROR:
          next_.clear();
          uncommitted_ = 0;
          return true;
        case RdKafka::ERR_ILLEGAL_GENERATION:
        case RdKafka::ERR_UNKNOWN_MEMBER_ID:
          return false;  // consume() will tell us what is left to us
        case RdKafka::ERR_UNKNOWN_TOPIC_OR_PART:
          return true;  // nothing is left to be read there, so nothing to be remembered
        case RdKafka::ERR__FATAL:
        case RdKafka::ERR_GROUP_AUTHORIZATION_FAILED:
        case RdKafka::ERR_TOPIC_AUTHORIZATION_FAILED:
          throw std::runtime_error("offsets can't be committed: " + RdKafka::err2str(error));
        default:
          if (stop_.stop_requested() && --tries_left == 0) {
            throw std::runtime_error("offsets could not be committed: " + RdKafka::err2str(error));
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }
    return true;
  }

  /// Takes and gives partitions as the group says. librdkafka calls this from consume() and close(), on
  /// our thread. It is C code, so nothing may be thrown through it.
  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode event,
                    std::vector<RdKafka::TopicPartition*>& list) override {
    std::vector<TopicPartition> partitions;
    for (const auto* one : list) partitions.push_back({.topic = one->topic(), .partition = one->partition()});
    // An eager assignor takes all partitions and gives anew, a cooperative one takes and gives single ones.
    const bool incremental = consumer->rebalance_protocol() == "COOPERATIVE";
    std::unique_ptr<RdKafka::Error> ignored;
    if (event == RdKafka::ERR__ASSIGN_PARTITIONS) {
      joined_ = true;
      attempt([&] { observer_.on_assigned(partitions); });
      if (incremental) {
        ignored.reset(consumer->incremental_assign(list));
      } else {
        consumer->assign(list);
      }
      return;
    }
    // The last moment at which these partitions are ours, unless the group has given us up.
    bool ours = false;
    attempt([&] { ours = !consumer->assignment_lost() && commit(); });
    for (const auto& gone : partitions) next_.erase(gone);
    attempt([&] { ours ? observer_.on_revoked(partitions) : observer_.on_lost(partitions); });
    if (incremental) {
      ignored.reset(consumer->incremental_unassign(list));
    } else {
      consumer->unassign();
    }
  }

  RebalanceObserver& observer_;
  std::stop_token stop_;
  std::map<TopicPartition, std::int64_t> next_;
  std::size_t uncommitted_ = 0;
  bool joined_ = false;  // has been given partitions, or none, at least once
  std::exception_ptr failure_;
  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;  // last, so that it goes first: it calls us
};

}  // namespace

void run_consumer_worker(const WorkerOptions& options, const Handler& handler, RebalanceObserver& observer,
                         std::stop_token stop) {
  Worker worker(options, observer, std::move(stop));
  worker.attempt([&] { worker.work(options.topics, handler, options.commit_every); });
  worker.leave();
  worker.rethrow();
}

}  // namespace course
