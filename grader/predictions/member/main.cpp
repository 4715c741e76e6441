// A member of a consumer group, for the experiments of the predictions: a process, so that it can be killed.
// What it does is in its plan; what it does not commit itself it leaves to the client's settings.

#include <librdkafka/rdkafkacpp.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

#include "predictions/member_plan.hpp"

namespace {

using grader::MemberPlan;

/// The line to the experiment. When that is gone, so is the reason to go on.
class Line {
 public:
  explicit Line(int fd) : fd_(fd) {}

  void tell(const std::string& kind, nlohmann::json more = nlohmann::json::object()) const {
    more["kind"] = kind;
    more["at"] = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    const auto text = more.dump();
    if (send(fd_, text.data(), text.size(), MSG_NOSIGNAL) < 0) std::_Exit(1);
  }

  /// Whether it was told to close; does not wait.
  [[nodiscard]] bool told_to_close() const { return receive(MSG_DONTWAIT) == "close"; }

  /// Waits until it is released, or told to close.
  void wait_for_release() const { (void)receive(0); }

 private:
  [[nodiscard]] std::string receive(int flags) const {
    std::string text(64, '\0');
    const ssize_t size = recv(fd_, text.data(), text.size(), flags);
    if (size == 0) std::_Exit(1);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }

  int fd_;
};

class Worker : public RdKafka::RebalanceCb {
 public:
  Worker(MemberPlan plan, Line line) : plan_(std::move(plan)), line_(line) {
    const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    std::string error;
    for (const auto& [name, value] : plan_.config) {
      if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
    }
    conf->set("rebalance_cb", static_cast<RdKafka::RebalanceCb*>(this), error);
    consumer_.reset(RdKafka::KafkaConsumer::create(conf.get(), error));
    if (!consumer_) throw std::runtime_error(error);
  }

  void run() {
    consumer_->subscribe({plan_.topic});
    while (!line_.told_to_close() && !done_) {
      const std::unique_ptr<RdKafka::Message> message(consumer_->consume(20));
      if (message->err() == RdKafka::ERR_NO_ERROR) handle(*message);
      if (message->err() == RdKafka::ERR__AUTO_OFFSET_RESET) line_.tell("no-offset");
      if (message->err() == RdKafka::ERR__PARTITION_EOF)
        line_.tell("at-end", {{"partitions", {message->partition()}}, {"offset", message->offset()}});
    }
    line_.tell("closing");
    consumer_->close();
    line_.tell("closed");
  }

  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode event,
                    std::vector<RdKafka::TopicPartition*>& partitions) override {
    const bool incremental = consumer->rebalance_protocol() == "COOPERATIVE";
    std::unique_ptr<RdKafka::Error> ignored;
    const nlohmann::json news{{"partitions", numbers(partitions)}};
    if (event == RdKafka::ERR__ASSIGN_PARTITIONS) {
      if (incremental) {
        ignored.reset(consumer->incremental_assign(partitions));
      } else {
        consumer->assign(partitions);
      }
      line_.tell("assigned", news);
      return;
    }
    const bool lost = consumer->assignment_lost();
    if (!lost && plan_.commit == "on-revoke") commit_handled();
    line_.tell(lost ? "lost" : "revoked", news);
    if (incremental) {
      ignored.reset(consumer->incremental_unassign(partitions));
    } else {
      consumer->unassign();
    }
  }

 private:
  static std::vector<int> numbers(const std::vector<RdKafka::TopicPartition*>& partitions) {
    std::vector<int> numbers;
    for (const auto* one : partitions) numbers.push_back(one->partition());
    return numbers;
  }

  void handle(RdKafka::Message& message) {
    ++count_;
    const std::string value(static_cast<const char*>(message.payload()), message.len());
    const nlohmann::json record{
        {"partitions", {message.partition()}}, {"offset", message.offset()}, {"value", value}};
    const bool held = count_ == plan_.hold_at;
    const bool between = plan_.hold_where == "between";
    const auto hold = [&] {
      line_.tell("holding", record);
      line_.wait_for_release();
    };
    if (plan_.commit == "before") commit(message, record);
    if (held && between && plan_.commit == "before") hold();
    line_.tell("handling", record);
    if (held && !between) hold();
    if (count_ == plan_.fail_at) {
      line_.tell("failed", record);
      done_ = true;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(plan_.work_ms));  // the work
    line_.tell("handled", record);
    next_[message.partition()] = message.offset() + 1;
    // For a client that commits by itself, but only what it is told to be done.
    const auto automatic = plan_.config.find("enable.auto.offset.store");
    if (automatic != plan_.config.end() && automatic->second == "false") store(message);
    if (held && between && plan_.commit != "before") hold();
    if (plan_.commit == "after") commit(message, record);
    if (count_ == plan_.stop_after) done_ = true;
  }

  void commit(RdKafka::Message& message, const nlohmann::json& record) {
    const auto error = consumer_->commitSync(&message);
    if (error == RdKafka::ERR_NO_ERROR) line_.tell("committed", record);
  }

  void store(const RdKafka::Message& message) {
    const std::unique_ptr<RdKafka::TopicPartition> position(
        RdKafka::TopicPartition::create(message.topic_name(), message.partition(), message.offset() + 1));
    std::vector<RdKafka::TopicPartition*> positions{position.get()};
    consumer_->offsets_store(positions);
  }

  void commit_handled() {
    std::vector<std::unique_ptr<RdKafka::TopicPartition>> owned;
    std::vector<RdKafka::TopicPartition*> positions;
    for (const auto& [partition, offset] : next_) {
      owned.emplace_back(RdKafka::TopicPartition::create(plan_.topic, partition, offset));
      positions.push_back(owned.back().get());
    }
    if (!positions.empty()) consumer_->commitSync(positions);
    next_.clear();
  }

  MemberPlan plan_;
  Line line_;
  std::map<std::int32_t, std::int64_t> next_;  ///< After the last record handled, by partition.
  int count_ = 0;
  bool done_ = false;
  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;  // last, so that it goes first: it calls us
};

}  // namespace

int main() {
  const char* const plan = std::getenv(grader::member_plan_variable);  // NOLINT(concurrency-mt-unsafe)
  const char* const line = std::getenv(grader::member_line_variable);  // NOLINT(concurrency-mt-unsafe)
  if (plan == nullptr || line == nullptr) return 2;
  const Line to_experiment(std::atoi(line));
  try {
    Worker(nlohmann::json::parse(plan).get<MemberPlan>(), to_experiment).run();
    return 0;
  } catch (const std::exception& failed) {
    to_experiment.tell("error", {{"value", failed.what()}});
    return 1;
  }
}
