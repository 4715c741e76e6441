// A worked example: nothing to fill in here. Read it from top to bottom once; the lesson (README.md)
// says what to look for.
//
// librdkafka has a C API (rdkafka.h) and a C++ API on top of it (rdkafkacpp.h). The C++ API covers
// producing and consuming, but not the Admin API, with which topics are created. So this file is
// written against the C API; from phase 2 on we use the C++ one.

#include "1-setup/create_topics.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace course {
namespace {

constexpr int timeout_ms = 10'000;

// In C, whoever creates an object destroys it, and each type has a function of its own for that. A
// unique_ptr that knows the function makes this impossible to forget.
template <auto destroy>
struct Destroyer {
  void operator()(auto* object) const { destroy(object); }
};
template <typename Object, auto destroy>
using Owned = std::unique_ptr<Object, Destroyer<destroy>>;

using Client = Owned<rd_kafka_t, rd_kafka_destroy>;
using Topic = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using AdminOptions = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;

// Admin requests need a client, and it does not matter of which kind: a producer will do.
Client make_client(const ClientConfig& config) {
  std::array<char, 512> error{};
  Owned<rd_kafka_conf_t, rd_kafka_conf_destroy> conf(rd_kafka_conf_new());
  for (const auto& [name, value] : config) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), error.data(), error.size()) !=
        RD_KAFKA_CONF_OK) {
      throw std::runtime_error(error.data());
    }
  }
  Client client(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), error.data(), error.size()));
  if (!client) throw std::runtime_error(error.data());
  (void)conf.release();  // NOLINT(bugprone-unused-return-value): a client that was made owns its conf
  return client;
}

// The number of partitions, as the broker describes the topic.
int partitions_of(rd_kafka_t* client, const std::string& name) {
  const Owned<rd_kafka_topic_t, rd_kafka_topic_destroy> topic(
      rd_kafka_topic_new(client, name.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(client, 0, topic.get(), &metadata, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  const int partitions = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(metadata);
  return partitions;
}

// Sends the request and waits for its answer, which arrives as an event in a queue.
Event request_topics(rd_kafka_t* client, std::span<const TopicSpec> topics) {
  std::array<char, 512> error{};
  std::vector<Topic> wanted;
  std::vector<rd_kafka_NewTopic_t*> pointers;  // the C API wants an array of pointers
  for (const auto& topic : topics) {
    // One replica: there is one broker. With three, we would ask for three.
    wanted.emplace_back(
        rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, 1, error.data(), error.size()));
    if (!wanted.back()) throw std::runtime_error(topic.name + ": " + error.data());
    pointers.push_back(wanted.back().get());
  }
  // Answer only when the topics are known to the whole cluster, so that they can be used at once.
  const AdminOptions options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, error.data(), error.size());

  const Queue queue(rd_kafka_queue_new(client));
  rd_kafka_CreateTopics(client, pointers.data(), pointers.size(), options.get(), queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), timeout_ms + 1000));
  if (!event) throw std::runtime_error("the broker did not answer");
  // An error of the event means that the whole request failed; one of a topic (see below) is its own.
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error(rd_kafka_event_error_string(event.get()));
  }
  return event;
}

}  // namespace

std::vector<TopicOutcome> create_topics(const ClientConfig& config, std::span<const TopicSpec> topics) {
  if (topics.empty()) return {};
  const Client client = make_client(config);
  const Event answer = request_topics(client.get(), topics);

  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  std::vector<TopicOutcome> outcomes;
  for (std::size_t i = 0; i < count; ++i) {
    TopicOutcome outcome{.name = topics[i].name};
    switch (rd_kafka_topic_result_error(results[i])) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        outcome.kind = TopicOutcome::Kind::created;
        outcome.partitions = topics[i].partitions;
        break;
      case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
        // Not a failure: it is what we wanted. Unless it is not what we wanted.
        outcome.partitions = partitions_of(client.get(), topics[i].name);
        outcome.kind = outcome.partitions == topics[i].partitions ? TopicOutcome::Kind::existed
                                                                  : TopicOutcome::Kind::differs;
        break;
      default:
        outcome.kind = TopicOutcome::Kind::refused;
        outcome.error = rd_kafka_topic_result_error_string(results[i]);
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace course
