#include "evidence/coordinator.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "harness/descriptor.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A request's bytes: big-endian numbers, strings and byte arrays behind their length.
class Writer {
 public:
  void int16(int value) { number(static_cast<std::uint32_t>(value), 2); }
  void int32(int value) { number(static_cast<std::uint32_t>(value), 4); }
  void string(const std::string& text) {
    int16(static_cast<int>(text.size()));
    bytes_ += text;
  }
  void bytes(const std::string& data) {
    int32(static_cast<int>(data.size()));
    bytes_ += data;
  }
  [[nodiscard]] const std::string& data() const { return bytes_; }

 private:
  void number(std::uint32_t value, unsigned size) {
    for (unsigned i = size; i-- > 0;) bytes_ += static_cast<char>((value >> (8 * i)) & 0xffU);
  }
  std::string bytes_;
};

std::uint32_t read_number(const std::string& bytes, std::size_t at, std::size_t size) {
  if (bytes.size() < at + size) throw InfraError("the coordinator's answer is too short");
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// A connection to a broker on which every call keeps to one deadline.
class Connection {
 public:
  Connection(const CoordinatorAddress& address, SteadyClock::time_point deadline) : deadline_(deadline) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list) != 0)
      fail("resolve");
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, freeaddrinfo);
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
      socket_.reset(::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol));
      if (connect(socket_.get(), one->ai_addr, one->ai_addrlen) == 0) return;
    }
    fail("connect");
  }

  /// Sends one request and returns the body of its answer.
  std::string ask(int api_key, int api_version, const Writer& body) {
    Writer header;
    header.int16(api_key);
    header.int16(api_version);
    header.int32(++correlation_id_);
    header.string("grader");
    Writer frame;
    frame.bytes(header.data() + body.data());
    for (std::size_t sent = 0; sent < frame.data().size();) {
      wait(POLLOUT);
      const ssize_t size =
          send(socket_.get(), frame.data().data() + sent, frame.data().size() - sent, MSG_NOSIGNAL);
      if (size <= 0) fail("send");
      sent += static_cast<std::size_t>(size);
    }
    const std::string answer = receive(read_number(receive(4), 0, 4));
    if (read_number(answer, 0, 4) != static_cast<std::uint32_t>(correlation_id_)) fail("match the answer");
    return answer.substr(4);
  }

 private:
  std::string receive(std::size_t size) {
    if (size > 1U << 20U) throw InfraError("the coordinator's answer is too long");
    std::string data(size, '\0');
    for (std::size_t got = 0; got < size;) {
      wait(POLLIN);
      const ssize_t part = recv(socket_.get(), data.data() + got, size - got, 0);
      if (part <= 0) fail("receive");
      got += static_cast<std::size_t>(part);
    }
    return data;
  }

  void wait(short event) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - SteadyClock::now()).count();
    pollfd polled{.fd = socket_.get(), .events = event, .revents = 0};
    if (left <= 0 || poll(&polled, 1, static_cast<int>(left)) <= 0)
      throw InfraError("the coordinator does not answer");
  }

  [[noreturn]] static void fail(const char* what) {
    throw InfraError(fmt::format("removing a dead member from its group: can't {}: {}", what,
                                 std::generic_category().message(errno)));
  }

  SteadyClock::time_point deadline_;
  Descriptor socket_;
  int correlation_id_ = 0;
};

constexpr int sasl_handshake = 17;
constexpr int sasl_authenticate = 36;
constexpr int leave_group = 13;
constexpr int unknown_member_id = 25;

void log_in(Connection& connection, const CoordinatorAddress& coordinator) {
  Writer mechanism;
  mechanism.string("PLAIN");
  if (read_number(connection.ask(sasl_handshake, 1, mechanism), 0, 2) != 0) {
    throw InfraError("the coordinator knows no SASL/PLAIN");
  }
  Writer login;
  login.bytes('\0' + coordinator.user + '\0' + coordinator.password);
  if (read_number(connection.ask(sasl_authenticate, 0, login), 0, 2) != 0) {
    throw InfraError("the coordinator does not accept the login of " + coordinator.user);
  }
}

}  // namespace

Removal remove_member(const CoordinatorAddress& coordinator, const std::string& group,
                      const std::string& member_id, std::chrono::milliseconds patience) {
  Connection connection(coordinator, SteadyClock::now() + patience);
  if (!coordinator.user.empty()) log_in(connection, coordinator);
  Writer request;
  request.string(group);
  request.string(member_id);
  const auto error = read_number(connection.ask(leave_group, 0, request), 0, 2);
  if (error == unknown_member_id) return Removal::not_a_member;
  if (error != 0)
    throw InfraError(fmt::format("removing a dead member from {}: Kafka's error {}", group, error));
  return Removal::removed;
}

CoordinatorAddress coordinator_address(const std::string& host, int port, const course::ClientConfig& admin) {
  const auto setting = [&](const char* name, const char* otherwise) {
    const auto found = admin.find(name);
    return found == admin.end() ? std::string(otherwise) : found->second;
  };
  CoordinatorAddress address{.host = host, .port = port};
  const std::string protocol = setting("security.protocol", "plaintext");
  if (protocol == "plaintext") return address;
  if (protocol != "sasl_plaintext" || setting("sasl.mechanism", "") != "PLAIN") {
    throw InfraError("dead members can't be removed from groups over " + protocol);
  }
  address.user = setting("sasl.username", "");
  address.password = setting("sasl.password", "");
  return address;
}

}  // namespace grader
