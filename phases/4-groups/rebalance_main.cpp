// A program of phase 4: fills a topic with orders and shows how a group of workers shares it.

#include <fmt/format.h>
#include <librdkafka/rdkafkacpp.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "4-groups/demonstrate_rebalancing.hpp"
#include "support/program.hpp"

namespace {

using course::TimelineEntry;

const char* name_of(TimelineEntry::Kind kind) {
  constexpr std::array names{"started", "assigned", "revoked", "lost", "handled", "stopped"};
  return names.at(static_cast<std::size_t>(kind));
}

/// Writes `count` orders of five users to the topic. No trap is hidden here: it is phase 2 in short,
/// without looking at each event's fate.
void seed_orders(const course::ClientConfig& config, const std::string& topic, std::size_t count) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  for (const auto& [name, value] : config) {
    if (name == "group.id") continue;
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  }
  const std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
  if (!producer) throw std::runtime_error(error);
  for (std::size_t i = 1; i <= count; ++i) {
    const std::string user = fmt::format("user-{}", 1 + i % 8);
    const std::string value = nlohmann::json{{"order_id", i}, {"user_id", user}}.dump();
    producer->produce(topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                      const_cast<char*>(value.data()), value.size(), user.data(), user.size(), 0, nullptr);
  }
  if (producer->flush(10'000) != RdKafka::ERR_NO_ERROR)
    throw std::runtime_error("the orders could not be written to " + topic);
}

nlohmann::json partitions_json(const TimelineEntry& entry) {
  auto list = nlohmann::json::array();
  for (const auto& one : entry.partitions)
    list.push_back({{"topic", one.topic}, {"partition", one.partition}});
  return list;
}

void tell(course::ReportChannel& check, const std::vector<TimelineEntry>& timeline) {
  check.tell({{"kind", "timeline"}, {"entries", timeline.size()}});
  for (const auto& entry : timeline) {
    const auto happened = std::chrono::duration_cast<std::chrono::nanoseconds>(entry.at.time_since_epoch());
    check.tell({{"kind", "timeline-entry"},
                {"happened", happened.count()},
                {"worker", entry.worker},
                {"what", name_of(entry.kind)},
                {"partitions", partitions_json(entry)},
                {"offset", entry.offset}});
  }
}

void print(const std::vector<TimelineEntry>& timeline) {
  std::map<std::string, std::size_t> handled;
  for (const auto& entry : timeline) {
    const std::chrono::duration<double> time = entry.at - timeline.front().at;
    std::string partitions;
    for (const auto& one : entry.partitions) partitions += fmt::format(" {}", one.partition);
    const std::string offset =
        entry.kind == TimelineEntry::Kind::handled ? fmt::format("  offset {}", entry.offset) : "";
    if (entry.kind == TimelineEntry::Kind::handled) ++handled[entry.worker];
    fmt::print("{:7.3f} s  {:<10} {:<9}{}{}\n", time.count(), entry.worker, name_of(entry.kind),
               partitions.empty() ? "" : " partition" + partitions, offset);
  }
  fmt::print("\n");
  for (const auto& [worker, count] : handled) fmt::print("{} handled {} records\n", worker, count);
}

/// "rebalance-demo-3f2a": a group nobody has used, so that every run starts with the first record.
std::string fresh_group() {
  return fmt::format("rebalance-demo-{:04x}", std::random_device{}() & 0xffffU);
}

}  // namespace

int main(int argc, char** argv) {
  course::Program program("rebalance", "Fills a topic with orders and lets a group of workers share it.");
  course::DemonstrationOptions demo;
  demo.topic = "orders";
  std::string group = fresh_group();
  bool no_seed = false;
  auto& options = program.options();
  options.add_option("--topic", demo.topic, "what the workers read")->capture_default_str();
  options.add_option("--group", group, "their consumer group; a fresh one for each run unless you name one");
  options.add_option("--workers", demo.workers, "how many of them")
      ->capture_default_str()
      ->check(CLI::Range(1, 20));
  options.add_option("--records", demo.records, "how many orders to write first, and to handle")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  options.add_option("--commit-every", demo.commit_every, "commit when so many records were handled")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  options.add_flag("--no-seed", no_seed, "write no orders: they are in the topic already");
  program.add_work_option("200ms");

  return program.run(argc, argv, [&] {
    demo.config = program.client_config();
    demo.config.try_emplace("group.id", group);
    demo.config.try_emplace("heartbeat.interval.ms",
                            "300");  // a member hears of a rebalance with its next heartbeat
    demo.handler = program.handler([](const course::Record&) {});
    if (!no_seed) seed_orders(program.client_config(), demo.topic, demo.records);
    const auto timeline = course::demonstrate_rebalancing(demo, program.stop());
    if (program.check()) {
      tell(*program.check(), timeline);
    } else {
      print(timeline);
    }
  });
}
