// course seed: events to read, for phases in which the learner writes consumers.

#include <fmt/format.h>

#include <array>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "evidence/admin.hpp"
#include "evidence/cluster.hpp"
#include "harness/infra_error.hpp"
#include "tool/broker_access.hpp"
#include "tool/commands.hpp"

namespace grader {
namespace {

constexpr int new_topic_partitions = 4;
constexpr auto flush_limit_ms = 30'000;

struct SeedArguments {
  std::string topic;
  std::uint64_t count = 0;
  std::uint64_t keys = 5;
};

/// What became of the events: counted by librdkafka's delivery reports.
struct Tally {
  std::map<std::int32_t, std::uint64_t> delivered;  ///< By partition.
  std::uint64_t failed = 0;
  std::string first_error{};
};

void count_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* opaque) {
  auto& tally = *static_cast<Tally*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++tally.delivered[message->partition];
  } else if (tally.failed++ == 0) {
    tally.first_error = rd_kafka_err2str(message->err);
  }
}

struct DestroyClient {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};
using Client = std::unique_ptr<rd_kafka_t, DestroyClient>;

Client make_producer(const course::ClientConfig& config, Tally& tally) {
  std::array<char, 256> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : config) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      throw InfraError(std::string("the cluster's settings: ") + error.data());
    }
  }
  rd_kafka_conf_set_opaque(conf, &tally);
  rd_kafka_conf_set_dr_msg_cb(conf, count_delivery);
  Client producer(rd_kafka_new(RD_KAFKA_PRODUCER, conf, error.data(), error.size()));
  if (!producer) {
    rd_kafka_conf_destroy(conf);
    throw InfraError(std::string("no producer: ") + error.data());
  }
  return producer;
}

/// An order as `produce --every` sends it too, numbered so that a gap or a repetition shows.
std::pair<std::string, std::string> order(std::uint64_t number, std::uint64_t keys, std::mt19937_64& random) {
  constexpr std::array items{"book", "pen", "bag", "mouse", "keyboard"};
  const std::string user = fmt::format("user-{}", 1 + random() % keys);
  const nlohmann::json value{
      {"order_id", number}, {"user_id", user}, {"item", items.at(random() % items.size())}};
  return {user, value.dump()};
}

void send(rd_kafka_t* producer, const std::string& topic, const std::pair<std::string, std::string>& event) {
  const auto& [key, value] = event;
  while (true) {
    const auto error =
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_KEY(key.data(), key.size()),
                          RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL)
      throw InfraError(std::string("can't send: ") + rd_kafka_err2str(error));
    rd_kafka_poll(producer, 100);  // makes room
  }
}

int seed(const SeedArguments& arguments) {
  const Paths paths = Paths::of_this_checkout();
  course::ClientConfig config;
  if (const auto cluster = Cluster::from_environment()) {
    config = cluster->admin;
  } else {
    config = {{"bootstrap.servers", bootstrap_servers(paths)}};
  }
  config["client.id"] = "course-seed";
  Admin admin(config);
  auto partitions = admin.partition_count(arguments.topic);
  if (!partitions) {
    admin.create_topic(arguments.topic, new_topic_partitions);
    partitions = new_topic_partitions;
    fmt::print("Created the topic {} with {} partitions.\n", arguments.topic, new_topic_partitions);
  }
  Tally tally;
  config["enable.idempotence"] = "true";
  config["linger.ms"] = "20";
  const Client producer = make_producer(config, tally);
  std::mt19937_64 random(std::random_device{}());
  for (std::uint64_t number = 1; number <= arguments.count; ++number) {
    send(producer.get(), arguments.topic, order(number, arguments.keys, random));
    if (number % 1000 == 0) rd_kafka_poll(producer.get(), 0);
  }
  const auto flushed = rd_kafka_flush(producer.get(), flush_limit_ms);

  std::uint64_t sent = 0;
  std::string shares;
  for (const auto& [partition, count] : tally.delivered) {
    sent += count;
    shares += fmt::format("{}{}: {}", shares.empty() ? "" : ", ", partition, count);
  }
  fmt::print("Sent {} orders of {} users to {}.{}\n", sent, arguments.keys, arguments.topic,
             shares.empty() ? "" : " By partition: " + shares + '.');
  if (flushed != RD_KAFKA_RESP_ERR_NO_ERROR || tally.failed > 0) {
    throw InfraError(fmt::format("{} of {} orders did not arrive: {}", arguments.count - sent,
                                 arguments.count,
                                 tally.first_error.empty() ? "no answer in time" : tally.first_error));
  }
  return 0;
}

}  // namespace

void add_seed_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("seed", "fill a topic with orders: ./course seed orders 40");
  auto arguments = std::make_shared<SeedArguments>();
  command
      ->add_option("topic", arguments->topic,
                   "where to send them; created with 4 partitions if there is none")
      ->required();
  command->add_option("count", arguments->count, "how many")->required()->check(CLI::Range(1, 10'000'000));
  command->add_option("--keys", arguments->keys, "of how many users (the orders' keys)")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command->callback([arguments, &exit_code] { exit_code = seed(*arguments); });
}

}  // namespace grader
