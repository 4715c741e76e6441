// What an acknowledgement is worth when brokers die. These need three of them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/broker_cluster.hpp"
#include "harness/infra_error.hpp"
#include "predictions/experiments/collect.hpp"
#include "predictions/experiments/parts.hpp"
#include "predictions/experiments/sender.hpp"

namespace grader {
namespace {

using std::chrono::milliseconds;

/// A leader lets a replica's request wait for so long at most when there is nothing to copy
/// (replica.fetch.wait.max.ms=100 in infra/cluster.properties.in); three times that, for a busy machine.
constexpr auto longest_replica_fetch = milliseconds(300);

/// Whatever an experiment did to brokers, they live again after it.
class Convalescence {
 public:
  explicit Convalescence(std::filesystem::path cluster) : cluster_(std::move(cluster)) {}
  ~Convalescence() {
    try {
      revive_brokers(cluster_);
    } catch (const std::exception&) {  // the next experiment tries again, and says so
    }
  }
  Convalescence(const Convalescence&) = delete;
  Convalescence& operator=(const Convalescence&) = delete;

 private:
  std::filesystem::path cluster_;
};

/// Partition 0 of a topic: the number of the broker that leads it, and of those in sync (the leader too).
struct Replicas {
  int leader = -1;
  std::vector<int> in_sync{};
};

Replicas replicas_of(Scene& scene, const std::string& topic) {
  constexpr int limit_ms = 5000;
  Replicas replicas;
  rd_kafka_t* const client = scene.admin().handle();
  rd_kafka_topic_t* const named = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(client, 0, named, &metadata, limit_ms);
  rd_kafka_topic_destroy(named);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return replicas;  // no broker answers right now
  if (metadata->topic_cnt == 1 && metadata->topics[0].partition_cnt == 1) {
    const auto& partition = metadata->topics[0].partitions[0];
    replicas.leader = partition.leader;
    replicas.in_sync.assign(partition.isrs, partition.isrs + partition.isr_cnt);
  }
  rd_kafka_metadata_destroy(metadata);
  return replicas;
}

/// Waits until all three replicas are in sync.
Replicas all_in_sync(Scene& scene, const std::string& topic) {
  Replicas replicas;
  scene.wait_until("three replicas in sync", [&] {
    replicas = replicas_of(scene, topic);
    return replicas.in_sync.size() == static_cast<std::size_t>(cluster_size);
  });
  return replicas;
}

std::vector<int> followers_of(const Replicas& replicas) {
  auto followers = replicas.in_sync;
  std::erase(followers, replicas.leader);
  return followers;
}

course::ClientConfig plain_producer(const Scene& scene, const std::string& acks,
                                    const course::ClientConfig& more) {
  auto config = scene.client(more);
  config.insert({{"acks", acks}, {"linger.ms", "0"}});
  return config;
}

std::string in_words(Fate fate) {
  return fate == Fate::acknowledged ? "acknowledged" : fate == Fate::failed ? "reported as failed" : "open";
}

Observation leader_dies(Scene& scene, const Settings& settings) {
  const auto& acks = settings.word("acks");
  const auto topic = scene.create_topic("orders", 1, {{"min.insync.replicas", "2"}}, cluster_size);
  const Convalescence afterwards(scene.cluster());
  write(scene, topic, orders(1, 1));
  const auto before = all_in_sync(scene, topic);
  Sender producer(plain_producer(scene, acks, {{"message.timeout.ms", "15000"}}), topic);
  producer.send("order 2");
  scene.wait_until("an acknowledgement", [&] { return producer.fate() == Fate::acknowledged; });

  scene.start_clock();
  std::vector<Moment> timeline;
  const auto note = [&](const std::string& who, const std::string& what) {
    timeline.push_back({.at = scene.since_start(), .who = who, .what = what});
  };
  for (const int follower : followers_of(before)) pause_broker(scene.cluster(), follower);
  note(fmt::format("brokers {}", fmt::join(followers_of(before), ", ")), "stand still: they copy nothing");
  // What they had asked for before could still bring the record to them.
  (void)scene.comes_true([] { return false; }, longest_replica_fetch);
  producer.send("order 3");
  note("producer", "sends order 3");
  const bool early = scene.comes_true([&] { return producer.fate() != Fate::open; }, milliseconds(500));
  note("producer", early ? "order 3 is " + in_words(producer.fate()) : "still waits for an answer");
  kill_broker(scene.cluster(), before.leader);
  note(fmt::format("broker {}", before.leader), "the leader, is killed (kill -9)");
  for (const int follower : followers_of(before)) resume_broker(scene.cluster(), follower);
  note(fmt::format("brokers {}", fmt::join(followers_of(before), ", ")), "go on");
  Replicas after;
  scene.wait_until("a new leader", [&] {
    after = replicas_of(scene, topic);
    return after.leader >= 0 && after.leader != before.leader;
  });
  note(fmt::format("broker {}", after.leader), "is the new leader");
  scene.wait_until(
      "the fate of order 3", [&] { return producer.fate() != Fate::open; }, milliseconds(20'000));
  if (!early) note("producer", "order 3 is " + in_words(producer.fate()));
  write(scene, topic, orders(4, 4));

  std::vector<std::string> log;
  for (const auto& record : read_topic(scene.client(), topic)) log.push_back(*record.event.value);
  const bool kept = std::ranges::find(log, "order 3") != log.end();
  const bool acknowledged = producer.fate() == Fate::acknowledged;
  Observation observed;
  observed.timeline = timeline;
  observed.table = {.columns = {"", ""},
                    .rows = {{"acknowledged", acknowledged ? "orders 2 3 4" : "orders 2 4"},
                             {"in the log", numbers_of(log)}}};
  observed.outcome = !acknowledged ? "failed" : kept ? "kept" : "lost";
  return observed;
}

Observation too_few_replicas(Scene& scene, const Settings& settings) {
  const auto& acks = settings.word("acks");
  const auto topic =
      scene.create_topic("orders", 1, {{"min.insync.replicas", settings.word("min_insync")}}, cluster_size);
  const Convalescence afterwards(scene.cluster());
  const auto before = all_in_sync(scene, topic);
  // Without retries the client tells the broker's answer at once, instead of trying until the time is over.
  Sender producer(plain_producer(scene, acks, {{"retries", "0"}, {"request.timeout.ms", "1000"}}), topic);
  Observation observed;
  observed.table.columns = {"brokers down", "replicas in sync", "the broker's answer", "after"};
  std::vector<bool> taken;
  const auto ask = [&](int down) {
    const auto in_sync = static_cast<std::size_t>(cluster_size - down);
    scene.wait_until(fmt::format("{} replica(s) in sync", in_sync),
                     [&] { return replicas_of(scene, topic).in_sync.size() == in_sync; });
    // A leader that takes a record before it has heard of the death itself waits in vain: then once more.
    auto asked = scene.since_start();
    for (int tries = 0; tries < 3; ++tries) {
      asked = scene.since_start();
      producer.send(fmt::format("order {}", down + 1));
      scene.wait_until(fmt::format("an answer with {} down", down),
                       [&] { return producer.fate() != Fate::open; });
      if (producer.fate() == Fate::acknowledged || producer.refused_for_replicas()) break;
    }
    if (producer.fate() == Fate::failed && !producer.refused_for_replicas())
      settled_nothing("the producer said: " + producer.error());
    taken.push_back(producer.fate() == Fate::acknowledged);
    observed.table.rows.push_back({std::to_string(down), std::to_string(in_sync),
                                   taken.back() ? "acknowledged" : producer.error(),
                                   grader::in_words(scene.since_start() - asked)});
  };
  ask(0);
  int down = 0;
  for (const int follower : followers_of(before)) {
    kill_broker(scene.cluster(), follower);
    ask(++down);
  }
  if (taken[1] && taken[2]) {
    observed.outcome = "both";
  } else if (taken[1]) {
    observed.outcome = "with-one-down";
  } else if (!taken[2]) {
    observed.outcome = "neither";
  } else {
    settled_nothing("refused with one broker down, and not with two");
  }
  return observed;
}

}  // namespace

std::vector<Experiment> durability() {
  const Setting acks{.name = "acks", .words = {"1", "all"}};
  return {{.name = "leader_dies",
           .settings = {acks},
           .outcomes = {"lost", "kept", "failed"},
           .on_cluster = true,
           .run = leader_dies},
          {.name = "too_few_replicas",
           .settings = {acks, {.name = "min_insync", .lowest = 1, .highest = 3}},
           .outcomes = {"both", "with-one-down", "neither"},
           .on_cluster = true,
           .run = too_few_replicas}};
}

}  // namespace grader
