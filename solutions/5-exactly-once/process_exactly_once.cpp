#include "5-exactly-once/process_exactly_once.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace course {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using RdKafkaError = std::unique_ptr<RdKafka::Error>;

constexpr int as_long_as_it_takes = -1;
/// How often the same records may fail before we give up on them.
constexpr int most_failures = 3;
/// How long a transaction may wait for more records.
constexpr auto longest_wait = 500ms;

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

/// The settings of one of the two clients: ours, then those of `config`, which win.
std::unique_ptr<RdKafka::Conf> make_conf(ClientConfig settings, const ClientConfig& config) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  for (const auto& [name, value] : config) settings[name] = value;
  for (const auto& [name, value] : settings) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  }
  return conf;
}

/// Reads, makes receipts, and commits both together.
///
/// Everything happens on the caller's thread; librdkafka calls back from inside consume(), flush() and
/// commit_transaction(). What fails in a callback is kept for rethrow(): C code can't pass exceptions on.
class Processor : private RdKafka::RebalanceCb, private RdKafka::DeliveryReportCb {
 public:
  Processor(const ProcessOptions& options, const ReceiptMaker& make_receipt, std::stop_token stop)
      : options_(options), make_receipt_(make_receipt), stop_(std::move(stop)) {
    std::string error;
    auto of_producer = options.config;
    of_producer.erase("group.id");  // else the client warns that it has no use for it
    const auto producing = make_conf({{"transactional.id", options.transactional_id}}, of_producer);
    producing->set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(this), error);
    producer_.reset(RdKafka::Producer::create(producing.get(), error));
    if (!producer_) throw std::runtime_error(error);
    const auto consuming = make_conf({{"auto.offset.reset", "earliest"},
                                      {"enable.auto.commit", "false"},  // the transactions commit
                                      {"isolation.level", "read_committed"}},
                                     options.config);
    consuming->set("rebalance_cb", static_cast<RdKafka::RebalanceCb*>(this), error);
    consumer_.reset(RdKafka::KafkaConsumer::create(consuming.get(), error));
    if (!consumer_) throw std::runtime_error(error);
  }

  void process() {
    // First of all: it fences off whoever else has our id, and settles what they left open. Only then
    // the offsets are read.
    while (!step([&] { return producer_->init_transactions(1000); })) {
    }
    const auto error = consumer_->subscribe({options_.input});
    if (error != RdKafka::ERR_NO_ERROR) throw std::runtime_error(RdKafka::err2str(error));
    while (!stop_.stop_requested()) {
      const std::unique_ptr<RdKafka::Message> message(consumer_->consume(100));
      rethrow();
      if (message->err() == RdKafka::ERR_NO_ERROR) {
        add(to_record(*message));
        if (records_ >= options_.batch_size || Clock::now() - begun_ > longest_wait) commit();
      } else {
        // Nothing came, or something went wrong that the client gets over by itself. Only fatal errors stay.
        throw_if_fatal(*consumer_);
        commit();
      }
    }
  }

  /// Settles the transaction under way, and leaves the group, which tells the other members at once.
  void leave() {
    attempt([&] { failure_ ? abort() : commit(); });
    // Out of the group first, then close. librdkafka before 2.4 may hang, abort or stay in the group when it
    // is closed in the middle of joining or rebalancing (github.com/confluentinc/librdkafka/issues/4312,
    // 4527).
    serve_until(500ms, [&] { return joined_ || in_group(); });
    if (in_group()) serve_until(3000ms, [&] { return joined_; });
    consumer_->unsubscribe();
    if (joined_) serve_until(3000ms, [&] { return !in_group(); });
    consumer_->close();
  }

  /// Runs `part` and keeps its exception for rethrow(); of several the first, which is the cause.
  template <typename Part>
  void attempt(const Part& part) {
    try {
      part();
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  /// What the transaction under way has taken of a partition.
  struct Span {
    std::int64_t first;
    std::int64_t next;
  };

  void add(const Record& record) {
    if (records_ == 0) begin();
    taken_.try_emplace(record.source, Span{.first = record.offset, .next = record.offset})
        .first->second.next = record.offset + 1;
    ++records_;
    send(make_receipt_(record));
  }

  void begin() {
    while (!step([&] { return producer_->begin_transaction(); })) {
    }
    begun_ = Clock::now();
  }

  /// Hands a receipt over to the client, unless the transaction has failed already. Whether it arrives is for
  /// commit() to say.
  void send(const Event& receipt) {
    const auto pointer = [](const std::optional<std::string>& bytes) {
      return bytes ? const_cast<char*>(bytes->data()) : nullptr;
    };
    const auto size = [](const std::optional<std::string>& bytes) { return bytes ? bytes->size() : 0; };
    std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create());
    for (const auto& [name, value] : receipt.headers) headers->add(name, pointer(value), size(value));
    for (;;) {
      const auto error = producer_->produce(options_.output, RdKafka::Topic::PARTITION_UA,
                                            RdKafka::Producer::RK_MSG_COPY, pointer(receipt.value),
                                            size(receipt.value), pointer(receipt.key), size(receipt.key),
                                            receipt.timestamp.value_or(0ms).count(), headers.get(), nullptr);
      if (error == RdKafka::ERR_NO_ERROR) {
        (void)headers.release();  // NOLINT(bugprone-unused-return-value): librdkafka owns them now
        return;
      }
      throw_if_fatal(*producer_);
      if (error == RdKafka::ERR__STATE) return go_back();  // an earlier receipt has failed the transaction
      // This one is not part of the transaction, so the transaction would go well without it.
      if (error != RdKafka::ERR__QUEUE_FULL) throw std::runtime_error(refused(RdKafka::err2str(error)));
      producer_->poll(100);
    }
  }

  /// Commits the receipts and how far we have read, or neither: then goes back.
  void commit() {
    if (records_ == 0) return;
    std::vector<std::unique_ptr<RdKafka::TopicPartition>> owned;
    std::vector<RdKafka::TopicPartition*> offsets;
    for (const auto& [source, span] : taken_) {
      owned.emplace_back(RdKafka::TopicPartition::create(source.topic, source.partition, span.next));
      offsets.push_back(owned.back().get());
    }
    // In the name of the member that we are now: a group that has moved on refuses it.
    const std::unique_ptr<RdKafka::ConsumerGroupMetadata> member(consumer_->groupMetadata());
    const bool done =
        step([&] {
          return producer_->send_offsets_to_transaction(offsets, member.get(), as_long_as_it_takes);
        }) &&
        step([&] { return producer_->commit_transaction(as_long_as_it_takes); });
    if (!done) return go_back();
    forget();
    failures_ = 0;
    reason_.clear();
  }

  /// Aborts, so that these receipts never were, and returns to the first record of the transaction.
  void go_back() {
    const auto taken = taken_;
    abort();
    if (!std::exchange(given_up_, false) && ++failures_ == most_failures)
      throw std::runtime_error(refused(reason_));
    std::this_thread::sleep_for(100ms);
    for (const auto& [source, span] : taken) {
      const std::unique_ptr<RdKafka::TopicPartition> first(
          RdKafka::TopicPartition::create(source.topic, source.partition, span.first));
      // Fails if the partition is no longer ours; then its next owner starts at the committed offset.
      consumer_->seek(*first, 5000);
    }
  }

  void abort() {
    if (records_ == 0) return;
    forget();
    std::string ignored;
    if (producer_->fatal_error(ignored) != RdKafka::ERR_NO_ERROR) return;  // the next start settles it
    // An abort that overtakes the transaction's own beginning can end in a fatal INVALID_TXN_STATE.
    producer_->flush(5000);
    while (!step([&] { return producer_->abort_transaction(as_long_as_it_takes); })) {
    }
  }

  void forget() {
    taken_.clear();
    records_ = 0;
  }

  /// One step of a transaction, again as long as that is worth it. False if the transaction has to be
  /// aborted.
  template <typename Step>
  bool step(const Step& take) {
    for (;;) {
      const RdKafkaError error(take());
      if (!error) return true;
      throw_if_fatal(*producer_);
      if (error->txn_requires_abort()) {
        given_up_ = is_about_the_group(error->code());
        if (reason_.empty()) reason_ = error->str();
        return false;
      }
      if (!error->is_retriable()) throw std::runtime_error(error->str());
      if (stop_.stop_requested() && records_ == 0) throw std::runtime_error(error->str());
    }
  }

  /// Whether the group has gone on without us. That passes when the consumer hears of it, with a heartbeat.
  static bool is_about_the_group(RdKafka::ErrorCode error) {
    return error == RdKafka::ERR_UNKNOWN_MEMBER_ID || error == RdKafka::ERR_ILLEGAL_GENERATION ||
           error == RdKafka::ERR_REBALANCE_IN_PROGRESS;
  }

  template <typename Client>
  static void throw_if_fatal(Client& client) {
    std::string reason;
    const auto error = client.fatal_error(reason);
    if (error == RdKafka::ERR_NO_ERROR) return;
    if (error == RdKafka::ERR__FENCED || error == RdKafka::ERR_FENCED_INSTANCE_ID ||
        error == RdKafka::ERR_INVALID_PRODUCER_EPOCH) {
      throw Fenced("fenced, another instance has taken our place: " + reason);
    }
    throw std::runtime_error(reason);
  }

  static std::string refused(const std::string& reason) { return "a receipt can't be written: " + reason; }

  [[nodiscard]] bool in_group() const { return !consumer_->memberid().empty(); }

  /// Lets librdkafka work for the group. Records that come meanwhile are for the next reader.
  template <typename Condition>
  void serve_until(std::chrono::milliseconds patience, const Condition& holds) {
    const auto deadline = Clock::now() + patience;
    while (!holds() && Clock::now() < deadline) {
      const std::unique_ptr<RdKafka::Message> unread(consumer_->consume(10));
    }
  }

  void dr_cb(RdKafka::Message& message) override {
    if (message.err() != RdKafka::ERR_NO_ERROR) reason_ = message.errstr();
  }

  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode event,
                    std::vector<RdKafka::TopicPartition*>& partitions) override {
    const bool incremental = consumer->rebalance_protocol() == "COOPERATIVE";
    RdKafkaError ignored;
    if (event == RdKafka::ERR__ASSIGN_PARTITIONS) {
      joined_ = true;
      if (incremental) {
        ignored.reset(consumer->incremental_assign(partitions));
      } else {
        consumer->assign(partitions);
      }
      return;
    }
    // The last moment at which these partitions are ours, unless they are lost.
    attempt([&] { consumer->assignment_lost() || failure_ ? abort() : commit(); });
    if (incremental) {
      ignored.reset(consumer->incremental_unassign(partitions));
    } else {
      consumer->unassign();
    }
  }

  const ProcessOptions& options_;
  const ReceiptMaker& make_receipt_;
  std::stop_token stop_;
  std::map<TopicPartition, Span> taken_;
  std::size_t records_ = 0;  ///< In the transaction under way; there is one if this is not 0.
  Clock::time_point begun_;
  int failures_ = 0;       ///< Of transactions, in a row.
  bool given_up_ = false;  ///< The last one failed because the group has gone on without us.
  std::string reason_;     ///< Why the last one failed.
  bool joined_ = false;    ///< Has been given partitions, or none, at least once.
  std::exception_ptr failure_;
  std::unique_ptr<RdKafka::Producer> producer_;  // these two last, so that they go first: they call us
  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
};

}  // namespace

void process_exactly_once(const ProcessOptions& options, const ReceiptMaker& make_receipt,
                          std::stop_token stop) {
  Processor processor(options, make_receipt, std::move(stop));
  processor.attempt([&] { processor.process(); });
  processor.leave();
  processor.rethrow();
}

}  // namespace course
