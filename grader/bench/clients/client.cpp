// The program that measures C++ clients: the reference solutions, and the barest loops over librdkafka
// that do the same. Built without sanitizers.
//
//   bench_client produce|produce-bare|consume|consume-bare TOPIC COUNT [PROPERTY=VALUE…]
//
// Prints the seconds from the call that makes the client to the last delivery report, or record.

#include <librdkafka/rdkafka.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string_view>

#include "2-producer/produce_events_batch.hpp"
#include "3-consumer/consume_events.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t value_size = 100;
constexpr std::size_t commit_every = 10'000;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Values of 100 bytes, each different, in memory of their own, as a caller would have them.
std::vector<course::Event> make_events(std::size_t count) {
  std::vector<course::Event> events(count);
  std::minstd_rand random(1);
  for (auto& event : events) {
    event.value.emplace(value_size, ' ');
    for (auto& letter : *event.value) letter = static_cast<char>('a' + random() % 26);
  }
  return events;
}

using Client = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;
using Topic = std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)>;

rd_kafka_conf_t* conf_of(const course::ClientConfig& config) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 256> error{};
  for (const auto& [name, value] : config) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()) !=
        RD_KAFKA_CONF_OK) {
      throw std::runtime_error(error.data());
    }
  }
  return conf;
}

Client client_of(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  std::array<char, 256> error{};
  Client client(rd_kafka_new(type, conf, error.data(), error.size()), rd_kafka_destroy);
  if (!client) throw std::runtime_error(error.data());
  return client;
}

std::size_t delivered = 0;

double produce_bare(const course::ClientConfig& config, const std::string& name,
                    const std::vector<course::Event>& events) {
  const auto start = Clock::now();
  rd_kafka_conf_t* conf = conf_of(config);
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++delivered;
  });
  const Client client = client_of(RD_KAFKA_PRODUCER, conf);
  const Topic topic(rd_kafka_topic_new(client.get(), name.c_str(), nullptr), rd_kafka_topic_destroy);
  for (const auto& event : events) {
    auto* value = const_cast<char*>(event.value->data());
    while (rd_kafka_produce(topic.get(), RD_KAFKA_PARTITION_UA, 0, value, event.value->size(), nullptr, 0,
                            nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) throw std::runtime_error("produce failed");
      rd_kafka_poll(client.get(), 100);
    }
    rd_kafka_poll(client.get(), 0);
  }
  rd_kafka_flush(client.get(), 60'000);
  const double seconds = since(start);
  if (delivered != events.size()) throw std::runtime_error("not all were delivered");
  return seconds;
}

double produce_reference(const course::ClientConfig& config, const std::string& topic,
                         const std::vector<course::Event>& events) {
  const auto start = Clock::now();
  const auto deliveries = course::produce_events_batch(config, topic, events);
  const double seconds = since(start);
  for (const auto& delivery : deliveries) {
    if (!delivery.delivered()) throw std::runtime_error("not all were delivered");
  }
  return seconds;
}

double consume_bare(const course::ClientConfig& config, const std::string& topic, std::size_t count) {
  const auto start = Clock::now();
  const Client client = client_of(RD_KAFKA_CONSUMER, conf_of(config));
  rd_kafka_poll_set_consumer(client.get());
  const std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)>
      topics(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client.get(), topics.get());
  std::size_t bytes = 0;
  for (std::size_t seen = 0; seen < count;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client.get(), 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      bytes += message->len;
      // What the positions of the consumer are, so that at a crash as much is repeated as with the reference.
      if (++seen % commit_every == 0) rd_kafka_commit(client.get(), nullptr, 0);
    }
    rd_kafka_message_destroy(message);
  }
  const double seconds = since(start);
  if (bytes != count * value_size) throw std::runtime_error("not the values that were sent");
  rd_kafka_consumer_close(client.get());
  return seconds;
}

double consume_reference(const course::ClientConfig& config, const std::string& topic, std::size_t count) {
  const auto start = Clock::now();
  double seconds = 0;
  std::size_t bytes = 0;
  std::size_t seen = 0;
  std::stop_source stop;
  course::consume_events(
      config, {topic},
      [&](const course::Record& record) {
        bytes += record.event.value->size();
        if (++seen != count) return;
        seconds = since(start);
        stop.request_stop();
      },
      commit_every, stop.get_token());
  if (bytes != count * value_size) throw std::runtime_error("not the values that were sent");
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 4) throw std::runtime_error("usage: bench_client MODE TOPIC COUNT [PROPERTY=VALUE...]");
    const std::string_view mode = argv[1];
    const std::string topic = argv[2];
    const std::size_t count = std::stoul(argv[3]);
    course::ClientConfig config;
    for (int i = 4; i < argc; ++i) {
      const std::string setting = argv[i];
      config[setting.substr(0, setting.find('='))] = setting.substr(setting.find('=') + 1);
    }
    double seconds = 0;
    if (mode == "produce") seconds = produce_reference(config, topic, make_events(count));
    if (mode == "produce-bare") seconds = produce_bare(config, topic, make_events(count));
    if (mode == "consume") seconds = consume_reference(config, topic, count);
    if (mode == "consume-bare") seconds = consume_bare(config, topic, count);
    std::printf("seconds=%.6f\n", seconds);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_client: %s\n", error.what());
    return 1;
  }
}
