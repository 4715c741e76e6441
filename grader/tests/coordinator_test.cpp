// The requests that are written by hand: their bytes, as kafka.apache.org/protocol has them.

#include "evidence/coordinator.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <stdexcept>
#include <thread>

#include "evidence/group_watch.hpp"
#include "evidence/transaction_rights.hpp"
#include "harness/descriptor.hpp"
#include "harness/infra_error.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

/// A broker that expects given requests, byte for byte, and gives answers that were prepared.
class FakeBroker {
 public:
  explicit FakeBroker(std::vector<std::pair<std::string, std::string>> script) : script_(std::move(script)) {
    listener_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!listener_.valid() ||
        bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener_.get(), 1) != 0) {
      throw std::runtime_error("no socket to listen at");
    }
    socklen_t size = sizeof(address);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }

  int port = 0;
  std::vector<std::string> received;  ///< Valid after the client has returned.

 private:
  void serve() {
    const grader::Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    for (const auto& [expected, answer] : script_) {
      std::string request(expected.size(), '\0');
      if (recv(client.get(), request.data(), request.size(), MSG_WAITALL) <= 0) return;
      received.push_back(request);
      EXPECT_EQ(request, expected);
      send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  std::vector<std::pair<std::string, std::string>> script_;
  grader::Descriptor listener_;
  std::jthread thread_;
};

const std::string handshake = "\0\0\0\x17\0\x11\0\1\0\0\0\1\0\6grader\0\5PLAIN"s;
const std::string handshake_accepted = "\0\0\0\x11\0\0\0\1\0\0\0\0\0\1\0\5PLAIN"s;
const std::string authenticate = "\0\0\0\x23\0\x24\0\0\0\0\0\2\0\6grader\0\0\0\x0f\0admin\0s3cret!!"s;
const std::string authenticated = "\0\0\0\x0c\0\0\0\2\0\0\xff\xff\0\0\0\0"s;

std::string with_correlation_id(std::string frame, std::size_t at, char correlation_id) {
  frame[at] = correlation_id;
  return frame;
}
std::string leave(char correlation_id) {
  return with_correlation_id("\0\0\0\x1d\0\x0d\0\0\0\0\0\0\0\6grader\0\6orders\0\3m-1"s, 11, correlation_id);
}
std::string left(char correlation_id, char error) {
  std::string frame = "\0\0\0\6\0\0\0\0\0\0"s;
  frame.back() = error;
  return with_correlation_id(std::move(frame), 7, correlation_id);
}

TEST(RemoveMember, LogsInAndLeaves) {
  FakeBroker broker({{handshake, handshake_accepted}, {authenticate, authenticated}, {leave(3), left(3, 0)}});
  const auto address = grader::coordinator_address("127.0.0.1", broker.port,
                                                   {{"security.protocol", "sasl_plaintext"},
                                                    {"sasl.mechanism", "PLAIN"},
                                                    {"sasl.username", "admin"},
                                                    {"sasl.password", "s3cret!!"}});
  EXPECT_EQ(grader::remove_member(address, "orders", "m-1"), grader::Removal::removed);
}

TEST(RemoveMember, NeedsNoLoginOnAPlainListener) {
  FakeBroker broker({{leave(1), left(1, 25)}});
  const auto address = grader::coordinator_address("127.0.0.1", broker.port, {});
  EXPECT_EQ(grader::remove_member(address, "orders", "m-1"), grader::Removal::not_a_member);
}

TEST(RemoveMember, SaysWhatIsWrong) {
  FakeBroker refusing({{leave(1), left(1, 30)}});
  EXPECT_THROW(grader::remove_member({.host = "127.0.0.1", .port = refusing.port}, "orders", "m-1"),
               grader::InfraError);
  FakeBroker silent({{leave(1), ""}});
  EXPECT_THROW(grader::remove_member({.host = "127.0.0.1", .port = silent.port}, "orders", "m-1", 50ms),
               grader::InfraError);
  EXPECT_THROW(grader::coordinator_address("localhost", 1, {{"security.protocol", "ssl"}}),
               grader::InfraError);
}

const std::string create_acl =
    "\0\0\0\x2e\0\x1e\0\1\0\0\0\1\0\6grader\0\0\0\1\5\0\3c1-\4\0\x0cUser:check07\0\1*\2\3"s;
std::string acl_created(char error) {
  std::string frame = "\0\0\0\x10\0\0\0\1\0\0\0\0\0\0\0\1\0\0\xff\xff"s;
  frame[17] = error;
  return frame;
}

TEST(AllowTransactions, AsksForOneRightOnAPrefix) {
  FakeBroker broker({{create_acl, acl_created(0)}});
  grader::allow_transactions({.host = "127.0.0.1", .port = broker.port}, "check07", "c1-");
  FakeBroker refusing({{create_acl, acl_created(31)}});
  EXPECT_THROW(grader::allow_transactions({.host = "127.0.0.1", .port = refusing.port}, "check07", "c1-"),
               grader::InfraError);
}

TEST(IsSettled, WantsEveryPartitionOnceAndNobodyIdle) {
  using course::TopicPartition;
  const std::vector<TopicPartition> wanted{{"t", 0}, {"t", 1}};
  const auto group = [](const char* state, std::vector<std::vector<TopicPartition>> owned) {
    grader::Group made{.state = state, .assignor = "range", .members = {}};
    for (auto& partitions : owned) {
      made.members.push_back(
          {.member_id = "m", .client_id = "c", .instance_id = "", .partitions = std::move(partitions)});
    }
    return made;
  };
  EXPECT_TRUE(is_settled(group("Stable", {{{"t", 1}}, {{"t", 0}}}), wanted));
  EXPECT_FALSE(is_settled(group("PreparingRebalance", {{{"t", 1}}, {{"t", 0}}}), wanted));
  EXPECT_FALSE(is_settled(group("Stable", {{{"t", 0}, {"t", 1}}, {{"t", 0}}}), wanted)) << "two owners";
  EXPECT_FALSE(is_settled(group("Stable", {{{"t", 0}}}), wanted)) << "one partition without an owner";
  EXPECT_FALSE(is_settled(group("Stable", {{{"t", 0}, {"t", 1}}, {}}), wanted)) << "one member idle";
}

}  // namespace
