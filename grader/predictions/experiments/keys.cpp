// Which partition a record goes to: with a key, from different clients, after growth; and without a key.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <numeric>

#include "harness/infra_error.hpp"
#include "predictions/experiments/collect.hpp"
#include "predictions/experiments/kafka_tool.hpp"
#include "predictions/experiments/parts.hpp"
#include "predictions/experiments/sender.hpp"

namespace grader {
namespace {

const Setting keys_setting{.name = "keys"};
constexpr const char* hello = "hello";
constexpr const char* partitioner = "partitioner";

using Places = std::map<std::string, int>;  ///< Partition by key.

/// Where the records of each key lie, as the log has them.
Places places_of(const std::vector<course::Record>& records) {
  Places places;
  for (const auto& record : records) places[record.event.key.value_or("")] = record.source.partition;
  return places;
}

std::vector<Seed> one_for_each(const std::vector<std::string>& keys) {
  std::vector<Seed> seeds;
  for (const auto& key : keys) seeds.push_back({.partition = -1, .event = {.key = key, .value = hello}});
  return seeds;
}

Observation two_clients(Scene& scene, const Settings& settings) {
  const int partitions = settings.number("partitions");
  const auto keys = settings.list("keys");
  const auto ours = scene.create_topic("from-librdkafka", partitions);
  const auto theirs = scene.create_topic("from-java", partitions);
  write(scene, ours, one_for_each(keys), {{partitioner, settings.word(partitioner)}});
  std::string lines;
  for (const auto& key : keys) lines += key + ":hello\n";
  const auto result = run_kafka_tool(scene,
                                     {"console-producer", "--topic", theirs, "--reader-property",
                                      "parse.key=true", "--reader-property", "key.separator=:"},
                                     lines);
  if (result.exit_code != 0) settled_nothing("Kafka's console producer said: " + result.output);

  const auto by_us = places_of(read_topic(scene.client(), ours));
  const auto by_them = places_of(read_topic(scene.client(), theirs));
  if (by_us.size() != by_them.size()) settled_nothing("not every key arrived from both");
  Observation observed;
  observed.table.columns = {"key", "librdkafka", "Java", ""};
  std::size_t same = 0;
  for (const auto& key : keys) {
    const bool equal = by_us.at(key) == by_them.at(key);
    same += equal ? 1 : 0;
    observed.table.rows.push_back({key, fmt::format("partition {}", by_us.at(key)),
                                   fmt::format("partition {}", by_them.at(key)), equal ? "" : "differs"});
  }
  observed.outcome = same == keys.size() ? "same" : same == 0 ? "all-differ" : "some-differ";
  return observed;
}

Observation grow(Scene& scene, const Settings& settings) {
  const int before = settings.number("before");
  const int after = settings.number("after");
  if (after <= before)
    throw std::invalid_argument("'after' must be more than 'before': partitions can only be added");
  const auto keys = settings.list("keys");
  const course::ClientConfig config{{partitioner, settings.word(partitioner)}};
  const auto topic = scene.create_topic("events", before);
  write(scene, topic, one_for_each(keys), config);
  const auto old = places_of(read_topic(scene.client(), topic));
  const auto ends = ends_of(scene, topic, before);
  scene.admin().create_partitions(topic, after);
  scene.wait_until("new partitions", [&] { return scene.admin().partition_count(topic) == after; });
  write(scene, topic, one_for_each(keys), config);
  // The later record of each key: the first lies before the old end.
  auto records = read_topic(scene.client(), topic);
  std::erase_if(records, [&](const course::Record& record) {
    const auto end = ends.find(record.source.partition);
    return end != ends.end() && record.offset < end->second;
  });
  const auto now = places_of(records);
  if (now.size() != old.size()) settled_nothing("not every key arrived twice");

  Observation observed;
  observed.table.columns = {"key", fmt::format("with {} partitions", before), fmt::format("with {}", after),
                            ""};
  observed.number = 0;
  for (const auto& key : keys) {
    const bool moved = old.at(key) != now.at(key);
    *observed.number += moved ? 1 : 0;
    observed.table.rows.push_back({key, fmt::format("partition {}", old.at(key)),
                                   fmt::format("partition {}", now.at(key)), moved ? "moved" : ""});
  }
  return observed;
}

Observation no_key(Scene& scene, const Settings& settings) {
  const int partitions = settings.number("partitions");
  const int count = settings.number("records");
  const auto topic = scene.create_topic("events", partitions);
  Sender producer(scene.client({{"sticky.partitioning.linger.ms", settings.word("sticky_ms")}}), topic);
  const auto wait = [&] {
    scene.wait_until("acknowledgements", [&] { return producer.fate() == Fate::acknowledged; });
  };
  // A client that knows of no leader yet chooses anew each time, so it gets to know them all first.
  for (int partition = 0; partition < partitions; ++partition) producer.send(hello, partition);
  wait();
  for (int number = 1; number <= count; ++number)
    producer.send(fmt::format("order {}", number), RdKafka::Topic::PARTITION_UA);
  wait();
  std::map<int, std::vector<std::string>> by_partition;
  std::map<int, int> partition_of;  // by the order's number
  for (const auto& record : read_topic(scene.client(), topic)) {
    const auto& value = *record.event.value;
    if (value == hello) continue;
    by_partition[record.source.partition].push_back(value);
    partition_of[std::stoi(value.substr(value.rfind(' ')))] = record.source.partition;
  }
  int changes = 0;  // of the partition, from one record to the next
  bool in_turn = true;
  for (int number = 2; number <= count; ++number) {
    changes += partition_of.at(number) != partition_of.at(number - 1) ? 1 : 0;
    if (number > partitions)
      in_turn = in_turn && partition_of.at(number) == partition_of.at(number - partitions);
  }
  Observation observed;
  observed.table.columns = {"partition", "records", "which"};
  for (int partition = 0; partition < partitions; ++partition) {
    const auto& own = by_partition[partition];
    observed.table.rows.push_back({std::to_string(partition), std::to_string(own.size()), numbers_of(own)});
  }
  observed.remark = fmt::format("From one record to the next the partition changed {} times.", changes);
  if (changes <= count / 10) {
    observed.outcome = "one-for-a-while";
  } else {
    observed.outcome = in_turn && changes == count - 1 ? "in-turn" : "at-random";
  }
  return observed;
}

}  // namespace

std::vector<Experiment> keys() {
  const Setting hash{.name = partitioner, .words = {"consistent_random", "murmur2_random", "fnv1a_random"}};
  return {{.name = "same_key_two_clients",
           .settings = {{.name = "partitions", .lowest = 1, .highest = 12}, hash, keys_setting},
           .outcomes = {"same", "some-differ", "all-differ"},
           .run = two_clients},
          {.name = "keys_that_move",
           .settings = {{.name = "before", .lowest = 1, .highest = 12},
                        {.name = "after", .lowest = 2, .highest = 24},
                        hash,
                        keys_setting},
           .run = grow},
          {.name = "records_without_key",
           .settings = {{.name = "partitions", .lowest = 2, .highest = 6},
                        {.name = "records", .lowest = 10, .highest = 30},
                        {.name = "sticky_ms", .lowest = 0, .highest = 10000}},
           .outcomes = {"one-for-a-while", "in-turn", "at-random"},
           .run = no_key}};
}

}  // namespace grader
