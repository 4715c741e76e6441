#include "evidence/records.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "harness/infra_error.hpp"

namespace grader {
namespace {

using course::ClientConfig;
using course::Record;

constexpr auto patience = std::chrono::seconds(10);
constexpr int patience_ms = 10'000;

std::unique_ptr<RdKafka::Conf> make_conf(const ClientConfig& config) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  for (const auto& [name, value] : config) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK)
      throw InfraError("the grader's own client: " + error);
  }
  return conf;
}

void require(RdKafka::ErrorCode error, const std::string& what) {
  if (error != RdKafka::ERR_NO_ERROR) throw InfraError(what + ": " + RdKafka::err2str(error));
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
      record.event.headers.push_back(
          {.name = header.key(), .value = bytes(header.value(), header.value_size())});
    }
  }
  record.event.timestamp = std::chrono::milliseconds(message.timestamp().timestamp);
  return record;
}

/// Assigned to all partitions of a topic, from their first offset to their end.
struct Reading {
  std::vector<std::unique_ptr<RdKafka::TopicPartition>> partitions;
  std::size_t unread = 0;  ///< Partitions whose end was not reached yet.
};

Reading assign_all(RdKafka::KafkaConsumer& consumer, const std::string& topic) {
  std::string error;
  const std::unique_ptr<RdKafka::Topic> named(RdKafka::Topic::create(&consumer, topic, nullptr, error));
  RdKafka::Metadata* raw = nullptr;
  require(consumer.metadata(false, named.get(), &raw, patience_ms), "looking at the topic " + topic);
  const std::unique_ptr<RdKafka::Metadata> metadata(raw);
  Reading reading;
  std::vector<RdKafka::TopicPartition*> assignment;
  for (const auto* partition : *metadata->topics()->front()->partitions()) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    require(consumer.query_watermark_offsets(topic, partition->id(), &low, &high, patience_ms),
            "asking for the end of " + topic);
    if (high == low) continue;
    reading.partitions.emplace_back(RdKafka::TopicPartition::create(topic, partition->id(), low));
    assignment.push_back(reading.partitions.back().get());
  }
  reading.unread = assignment.size();
  if (!assignment.empty()) require(consumer.assign(assignment), "reading the topic " + topic);
  return reading;
}

/// Counts the delivery reports of seeds, which carry a pointer to their record.
class SeedReports : public RdKafka::DeliveryReportCb {
 public:
  void dr_cb(RdKafka::Message& message) override {
    auto* record = static_cast<Record*>(message.msg_opaque());
    if (message.err() != RdKafka::ERR_NO_ERROR) error = message.errstr();
    record->offset = message.offset();
    record->event.timestamp = std::chrono::milliseconds(message.timestamp().timestamp);
  }
  std::string error;
};

}  // namespace

std::vector<Record> read_topic(const ClientConfig& admin, const std::string& topic, Isolation isolation) {
  auto config = admin;
  config["group.id"] = "grader-reads";  // never joined: partitions are assigned by hand
  config["enable.auto.commit"] = "false";
  config["enable.partition.eof"] = "true";  // also counts control records, which the end offset includes
  config["fetch.wait.max.ms"] = "10";
  config["log_level"] = "2";  // a reader that goes before it has found the group's coordinator is no news
  config["isolation.level"] = isolation == Isolation::read_committed ? "read_committed" : "read_uncommitted";
  std::string error;
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer(
      RdKafka::KafkaConsumer::create(make_conf(config).get(), error));
  if (!consumer) throw InfraError("the grader's own client: " + error);

  Reading reading = assign_all(*consumer, topic);
  std::vector<Record> records;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (reading.unread > 0) {
    if (std::chrono::steady_clock::now() > deadline)
      throw InfraError("the topic " + topic + " could not be read back");
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(200));
    if (message->err() == RdKafka::ERR_NO_ERROR) records.push_back(to_record(*message));
    if (message->err() == RdKafka::ERR__PARTITION_EOF) --reading.unread;
  }
  consumer->close();
  std::ranges::stable_sort(records, {}, &Record::source);
  return records;
}

std::vector<Record> seed_topic(const ClientConfig& admin, const std::string& topic,
                               std::span<const Seed> seeds) {
  std::vector<Record> records;
  for (const auto& seed : seeds) {
    records.push_back(
        {.source = {.topic = topic, .partition = seed.partition}, .offset = -1, .event = seed.event});
  }
  SeedReports reports;
  auto config = admin;
  config["enable.idempotence"] = "true";
  config["linger.ms"] = "0";
  // To a partition that is not quite there yet, librdkafka 2.0.2 can lose the first of several batches
  // in flight: the second is taken, the first comes again and counts as its duplicate.
  config["max.in.flight"] = "1";
  const auto conf = make_conf(config);
  std::string error;
  conf->set("dr_cb", &reports, error);
  const std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
  if (!producer) throw InfraError("the grader's own client: " + error);
  // A metadata request first spares the new producer a stall (confluentinc/librdkafka: first produce
  // of an unknown topic waits for the next refresh when the first request is slow).
  std::unique_ptr<RdKafka::Topic> named(RdKafka::Topic::create(producer.get(), topic, nullptr, error));
  RdKafka::Metadata* metadata = nullptr;
  require(producer->metadata(false, named.get(), &metadata, patience_ms), "looking at the topic " + topic);
  delete metadata;  // NOLINT(cppcoreguidelines-owning-memory): handed over by librdkafka
  for (auto& record : records) {
    const auto& event = record.event;
    std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create());
    for (const auto& [name, value] : event.headers) {
      headers->add(name, value ? value->data() : nullptr, value ? value->size() : 0);
    }
    require(producer->produce(topic, record.source.partition, RdKafka::Producer::RK_MSG_COPY,
                              event.value ? const_cast<char*>(event.value->data()) : nullptr,
                              event.value ? event.value->size() : 0, event.key ? event.key->data() : nullptr,
                              event.key ? event.key->size() : 0,
                              event.timestamp ? event.timestamp->count() : 0, headers.get(), &record),
            "seeding the topic " + topic);
    (void)headers.release();  // NOLINT(bugprone-unused-return-value): librdkafka owns them now
  }
  require(producer->flush(patience_ms), "seeding the topic " + topic);
  if (!reports.error.empty()) throw InfraError("seeding the topic " + topic + ": " + reports.error);
  for (const auto& record : records) {
    if (record.offset < 0)
      throw InfraError("seeding the topic " + topic + ": a record was reported without its offset");
  }
  return records;
}

void write_transaction(const ClientConfig& admin, const std::string& topic, std::span<const Seed> seeds,
                       const std::string& transactional_id, Decision decision) {
  auto config = admin;
  config["transactional.id"] = transactional_id;
  std::string error;
  const std::unique_ptr<RdKafka::Producer> producer(
      RdKafka::Producer::create(make_conf(config).get(), error));
  if (!producer) throw InfraError("the grader's own client: " + error);
  const auto take = [&](RdKafka::Error* result) {
    const std::unique_ptr<RdKafka::Error> failed(result);
    if (failed) throw InfraError("writing a transaction: " + failed->str());
  };
  take(producer->init_transactions(patience_ms));
  take(producer->begin_transaction());
  for (const auto& [partition, event] : seeds) {
    require(producer->produce(topic, partition, RdKafka::Producer::RK_MSG_COPY,
                              event.value ? const_cast<char*>(event.value->data()) : nullptr,
                              event.value ? event.value->size() : 0, event.key ? event.key->data() : nullptr,
                              event.key ? event.key->size() : 0, 0, nullptr),
            "writing a transaction");
  }
  // An abort that overtakes the transaction's own beginning can fail.
  require(producer->flush(patience_ms), "writing a transaction");
  take(decision == Decision::abort ? producer->abort_transaction(patience_ms)
                                   : producer->commit_transaction(patience_ms));
}

void write_aborted(const ClientConfig& admin, const std::string& topic, std::span<const Seed> seeds,
                   const std::string& transactional_id) {
  write_transaction(admin, topic, seeds, transactional_id, Decision::abort);
}

}  // namespace grader
