#include "predictions/experiments/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace grader {

course::ClientConfig quick_member(const std::string& group, const course::ClientConfig& more) {
  auto config = more;
  config.insert({{"group.id", group},
                 {"auto.offset.reset", "earliest"},
                 {"enable.auto.commit", "false"},
                 {"enable.partition.eof", "true"},
                 {"fetch.wait.max.ms", "20"},
                 {"heartbeat.interval.ms", "100"}});
  return config;
}

std::vector<Seed> orders(int first, int last, int partitions) {
  std::vector<Seed> seeds;
  for (int number = first; number <= last; ++number) {
    seeds.push_back({.partition = (number - first) % partitions,
                     .event = {.key = std::nullopt, .value = fmt::format("order {}", number)}});
  }
  return seeds;
}

std::vector<course::Record> write(const Scene& scene, const std::string& topic,
                                  const std::vector<Seed>& seeds, const course::ClientConfig& more) {
  scene.check_interrupt();
  return seed_topic(scene.client(more), topic, seeds);
}

std::map<int, std::int64_t> ends_of(Scene& scene, const std::string& topic, int partitions) {
  std::map<int, std::int64_t> ends;
  for (int partition = 0; partition < partitions; ++partition)
    ends[partition] = scene.admin().watermarks({.topic = topic, .partition = partition}).second;
  return ends;
}

void wait_for_end_of(Scene& scene, MemberProcess& member, int partition, std::int64_t end) {
  scene.wait_until(fmt::format("{} at the end of partition {}", member.name(), partition), [&] {
    return std::ranges::any_of(member.news(), [&](const MemberNews& news) {
      return news.kind == "at-end" && news.partitions.front() == partition && news.offset >= end;
    });
  });
}

Group wait_for_group(Scene& scene, const std::string& group, std::size_t members, const std::string& topic,
                     int partitions) {
  Group described;
  scene.wait_until(fmt::format("a stable group of {}", members), [&] {
    described = scene.admin().describe(group);
    std::size_t owned = 0;
    for (const auto& member : described.members) {
      owned += static_cast<std::size_t>(
          std::ranges::count(member.partitions, topic, &course::TopicPartition::topic));
    }
    return described.state == "Stable" && described.members.size() == members &&
           owned == static_cast<std::size_t>(partitions);
  });
  return described;
}

std::string numbers_of(const std::vector<std::string>& orders) {
  std::string text;
  for (const auto& order : orders) {
    if (!text.empty()) text += ' ';
    text += order.substr(order.rfind(' ') + 1);
  }
  return text.empty() ? "none" : text;
}

std::string in_words(std::chrono::milliseconds time) {
  if (time < std::chrono::seconds(1)) return fmt::format("{} ms", time.count());
  return fmt::format("{:.2f} s", static_cast<double>(time.count()) / 1000.0);
}

}  // namespace grader
