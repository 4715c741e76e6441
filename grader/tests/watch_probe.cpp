// What watch_test.cpp runs under the preloaded library: a consumer of librdkafka's built-in mock cluster
// that makes calls of every kind, through the C++ API where that differs from the C API. With the argument
// "alone" it does without a group, whose first join takes the mock cluster three seconds.

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <librdkafka/rdkafkacpp.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

namespace {

void require(bool fine, const char* what) {
  if (fine) return;
  std::fputs(what, stderr);
  std::_Exit(1);
}

/// Calls of its own from within a callback that librdkafka makes.
class Rebalance : public RdKafka::RebalanceCb {
 public:
  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode error,
                    std::vector<RdKafka::TopicPartition*>& partitions) override {
    if (error == RdKafka::ERR__ASSIGN_PARTITIONS) {
      consumer->assign(partitions);
    } else {
      consumer->unassign();
    }
  }
};

rd_kafka_t* make_client(const char* bootstrap_servers, rd_kafka_type_t type) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[256];
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap_servers, error, sizeof(error));
  rd_kafka_conf_set_log_cb(conf, nullptr);
  return rd_kafka_new(type, conf, error, sizeof(error));
}

}  // namespace

int main(int argc, char**) {
  // The cluster lives in a client of its own, and three records in the cluster.
  rd_kafka_t* const host = make_client("localhost:1", RD_KAFKA_PRODUCER);
  rd_kafka_mock_cluster_t* const cluster = rd_kafka_mock_cluster_new(host, 1);
  rd_kafka_mock_topic_create(cluster, "t", 1, 1);
  rd_kafka_t* const producer = make_client(rd_kafka_mock_cluster_bootstraps(cluster), RD_KAFKA_PRODUCER);
  for (const char* value : {"a", "b", "c"}) {
    rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY("k", 1),
                      RD_KAFKA_V_VALUE(const_cast<char*>(value), 1), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_HEADER("h", "v", 1), RD_KAFKA_V_END);
  }
  require(rd_kafka_flush(producer, 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR, "flush");

  Rebalance rebalance;
  std::string error;
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  conf->set("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster), error);
  conf->set("group.id", "g", error);
  conf->set("auto.offset.reset", "earliest", error);
  conf->set("enable.auto.commit", "false", error);
  conf->set("rebalance_cb", &rebalance, error);
  std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
  require(consumer != nullptr, error.c_str());
  const std::unique_ptr<RdKafka::TopicPartition> first(RdKafka::TopicPartition::create("t", 0, 0));
  if (argc > 1) {
    consumer->assign({first.get()});
  } else {
    consumer->subscribe({"t"});
  }
  for (int records = 0; records < 3;) {
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(10'000));
    require(message->err() == RdKafka::ERR_NO_ERROR, "consume");
    require(message->len() == 1 && *static_cast<const char*>(message->payload()) == "abc"[records],
            "the value");
    if (records == 0) consumer->commitSync(message.get());
    if (records == 1) consumer->commitAsync();
    if (records == 2) require(consumer->commitSync() == RdKafka::ERR_NO_ERROR, "commit");
    ++records;
  }
  for (int empty = 0; empty < 5; ++empty)
    const std::unique_ptr<RdKafka::Message> ignored(consumer->consume(1));
  consumer->close();
  consumer.reset();
  rd_kafka_destroy(producer);
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(host);
}
