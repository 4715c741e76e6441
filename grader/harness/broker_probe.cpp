#include "harness/broker_probe.hpp"

#include <arpa/inet.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <system_error>
#include <thread>

#include "harness/descriptor.hpp"
#include "harness/infra_error.hpp"
#include "support/client_config.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto* warm_up_name = "course-warm-up";

struct DestroyClient {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};
using Client = std::unique_ptr<rd_kafka_t, DestroyClient>;

/// A client that logs nothing (a broker that is not there yet is no news here); null if there can't be one.
Client make_client(rd_kafka_type_t type, const Broker& broker, const course::ClientConfig& more = {}) {
  course::ClientConfig settings{{"bootstrap.servers", broker.grader_address()},
                                {"security.protocol", "sasl_plaintext"},
                                {"sasl.mechanism", "PLAIN"},
                                {"sasl.username", broker.admin.user},
                                {"sasl.password", broker.admin.password},
                                {"client.id", "course-keeper"},
                                {"log_level", "0"},
                                {"reconnect.backoff.ms", "10"},
                                {"retry.backoff.ms", "20"}};
  for (const auto& [name, value] : more) settings[name] = value;
  std::array<char, 256> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size());
  }
  Client client(rd_kafka_new(type, conf, error.data(), error.size()));
  if (!client) rd_kafka_conf_destroy(conf);
  return client;
}

struct Answer {
  std::string cluster;
  std::vector<std::string> topics;  ///< Without Kafka's own.
  int brokers = 0;
};

std::optional<Answer> ask(const Client& client, std::chrono::milliseconds limit) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const int limit_ms = static_cast<int>(limit.count());
  if (!client ||
      rd_kafka_metadata(client.get(), 1, nullptr, &metadata, limit_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  Answer answer;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const std::string name = metadata->topics[i].topic;
    if (!name.starts_with("__")) answer.topics.push_back(name);
  }
  answer.brokers = metadata->broker_cnt;
  const bool complete = metadata->broker_cnt > 0;
  rd_kafka_metadata_destroy(metadata);
  if (char* cluster = rd_kafka_clusterid(client.get(), limit_ms)) {
    answer.cluster = cluster;
    rd_kafka_mem_free(client.get(), cluster);
  }
  return complete && !answer.cluster.empty() ? std::optional(answer) : std::nullopt;
}

/// librdkafka asks again after half a second when a coordinator is not ready, and the broker needs a tenth
/// of that to get ready: a new client that asks at once is sooner there.
constexpr int patience_ms = 100;
constexpr auto warm_up_limit = 10s;

std::optional<std::string> warm_up_transactions(const Broker& broker) {
  std::string text = "no producer";
  for (const auto deadline = Clock::now() + warm_up_limit; Clock::now() < deadline;) {
    const Client producer = make_client(RD_KAFKA_PRODUCER, broker, {{"transactional.id", warm_up_name}});
    if (!producer) break;
    rd_kafka_error_t* error = rd_kafka_init_transactions(producer.get(), patience_ms);
    if (error == nullptr) return std::nullopt;
    text = std::string("init_transactions: ") + rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
  }
  return text;
}

bool has_topic(rd_kafka_t* client, const char* topic) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client, 1, nullptr, &metadata, 1000) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  bool found = false;
  for (int i = 0; i < metadata->topic_cnt; ++i)
    found = found || std::string_view(metadata->topics[i].topic) == topic;
  rd_kafka_metadata_destroy(metadata);
  return found;
}

void delete_warm_up_group(rd_kafka_t* client) {
  rd_kafka_DeleteGroup_t* group = rd_kafka_DeleteGroup_new(warm_up_name);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_DeleteGroups(client, &group, 1, nullptr, queue);
  if (rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 2000)) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteGroup_destroy(group);
}

/// A join, an assignment and a commit. The group reads Kafka's own topic of offsets, which its first
/// request makes the broker create, so that nothing is left for the learner to wonder about.
std::optional<std::string> warm_up_groups(const Broker& broker) {
  constexpr auto* topic = "__consumer_offsets";
  const auto deadline = Clock::now() + warm_up_limit;
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  const std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)>
      owner(list, rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(list, topic, 0)->offset = 0;

  // Asking for committed offsets looks for the coordinator, which makes the broker create the topic.
  Client consumer;
  for (auto known = RD_KAFKA_RESP_ERR__FAIL; known != RD_KAFKA_RESP_ERR_NO_ERROR;) {
    if (Clock::now() > deadline) return std::string("committed: ") + rd_kafka_err2str(known);
    consumer = make_client(RD_KAFKA_CONSUMER, broker,
                           {{"group.id", warm_up_name},
                            {"enable.auto.commit", "false"},
                            {"topic.metadata.refresh.fast.interval.ms", "20"},
                            {"fetch.wait.max.ms", "10"}});
    if (!consumer) return "no consumer";
    rd_kafka_poll_set_consumer(consumer.get());
    known = rd_kafka_committed(consumer.get(), list, patience_ms);
  }
  while (!has_topic(consumer.get(), topic)) {
    if (Clock::now() > deadline) return std::string("no topic of offsets");
    std::this_thread::sleep_for(10ms);
  }
  rd_kafka_subscribe(consumer.get(), list);
  for (int assigned = 0; assigned == 0;) {
    if (Clock::now() > deadline) return std::string("no assignment");
    if (rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer.get(), 10))
      rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_t* current = nullptr;
    if (rd_kafka_assignment(consumer.get(), &current) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    assigned = current->cnt;
    rd_kafka_topic_partition_list_destroy(current);
  }
  list->elems[0].offset = 0;
  const auto committed = rd_kafka_commit(consumer.get(), list, 0);
  rd_kafka_consumer_close(consumer.get());
  delete_warm_up_group(consumer.get());
  if (committed != RD_KAFKA_RESP_ERR_NO_ERROR) return std::string("commit: ") + rd_kafka_err2str(committed);
  return std::nullopt;
}

/// The sockets of a process, by inode.
std::set<std::string> sockets_of(int pid) {
  std::set<std::string> inodes;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error)) {
    const std::string target = fs::read_symlink(entry.path(), error).string();
    if (target.starts_with("socket:[")) inodes.insert(target.substr(8, target.size() - 9));
  }
  return inodes;
}

/// Port of an address such as 0100007F:2384 if it is on 127.0.0.1; see proc_net_tcp(5). Java's own sockets
/// are IPv6 ones, whose addresses end in the IPv4 one.
int local_port(const std::string& address) {
  const auto colon = address.find(':');
  if (colon == std::string::npos || !address.substr(0, colon).ends_with("0100007F")) return 0;
  return std::stoi(address.substr(colon + 1), nullptr, 16);
}

}  // namespace

bool accepts_connections(int port) {
  const Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!client.valid()) throw InfraError("no socket: " + std::generic_category().message(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::optional<std::vector<std::string>> topics_of(const Broker& broker, std::chrono::milliseconds limit) {
  auto answer = ask(make_client(RD_KAFKA_PRODUCER, broker), limit);
  return answer ? std::optional(std::move(answer->topics)) : std::nullopt;
}

bool answers_everywhere(const Broker& broker, std::chrono::milliseconds limit) {
  const auto answer = ask(make_client(RD_KAFKA_PRODUCER, broker), limit);
  if (!answer || broker.learner_port == 0) return answer.has_value();
  const course::ClientConfig as_learner{{"bootstrap.servers", broker.learner_address()},
                                        {"security.protocol", "plaintext"}};
  const auto to_learners = ask(make_client(RD_KAFKA_PRODUCER, broker, as_learner), limit);
  return to_learners && to_learners->cluster == answer->cluster;
}

int brokers_known_to(const Broker& broker, std::chrono::milliseconds limit) {
  const auto answer = ask(make_client(RD_KAFKA_PRODUCER, broker), limit);
  return answer ? answer->brokers : 0;
}

std::optional<std::string> warm_up(const Broker& broker) {
  std::optional<std::string> failed;
  std::thread transactions([&] { failed = warm_up_transactions(broker); });
  const auto groups = warm_up_groups(broker);
  transactions.join();
  return groups ? groups : failed;
}

int client_connections(const std::vector<Broker>& brokers) {
  constexpr auto* established = "01";
  // Every connection has two rows, one for each end; we look at the client's.
  std::set<std::string> clients;
  for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream rows(table);
    for (std::string row; std::getline(rows, row);) {
      std::istringstream fields(row);
      std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
      fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >>
          inode;
      if (state != established) continue;
      const int port = local_port(remote);
      const bool theirs = std::ranges::any_of(brokers, [port](const Broker& broker) {
        return port == broker.learner_port || port == broker.grader_port;
      });
      if (port != 0 && theirs) clients.insert(inode);
    }
  }
  if (clients.empty()) return 0;
  for (const auto& broker : brokers) {
    for (const auto& inode : sockets_of(broker.java_pid)) clients.erase(inode);
  }
  return static_cast<int>(clients.size());
}

}  // namespace grader
