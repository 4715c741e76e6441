// what: reads everything with one client and invents workers, partitions and a story
// tier: process-group
// checks: the_timeline_is_true
#include <librdkafka/rdkafkacpp.h>

#include <memory>

#include "4-groups/demonstrate_rebalancing.hpp"

namespace course {

std::vector<TimelineEntry> demonstrate_rebalancing(const DemonstrationOptions& options,
                                                   std::stop_token stop) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  for (const auto& [name, value] : options.config) conf->set(name, value, error);
  conf->set("auto.offset.reset", "earliest", error);
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
  consumer->subscribe({options.topic});
  using Kind = TimelineEntry::Kind;
  std::vector<TimelineEntry> story;
  const auto tell = [&](int worker, Kind kind, std::vector<TopicPartition> partitions = {},
                        std::int64_t offset = -1) {
    story.push_back({.at = std::chrono::steady_clock::now(),
                     .worker = "worker-" + std::to_string(worker),
                     .kind = kind,
                     .partitions = std::move(partitions),
                     .offset = offset});
  };
  for (int worker = 1; worker <= 3; ++worker) {
    tell(worker, Kind::started);
    tell(worker, Kind::assigned, {{options.topic, worker}});
  }
  for (std::size_t handled = 0; handled < options.records && !stop.stop_requested();) {
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(100));
    if (message->err() != RdKafka::ERR_NO_ERROR) continue;
    Record record{
        .source = {message->topic_name(), message->partition()}, .offset = message->offset(), .event = {}};
    record.event.key = *message->key();
    record.event.value = std::string(static_cast<const char*>(message->payload()), message->len());
    options.handler(record);
    tell(1 + record.source.partition % 3, Kind::handled, {record.source}, record.offset);
    ++handled;
  }
  for (int worker = 1; worker <= 3; ++worker) tell(worker, Kind::stopped);
  consumer->close();
  return story;
}

}  // namespace course
