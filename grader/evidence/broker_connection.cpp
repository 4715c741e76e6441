#include "evidence/broker_connection.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "harness/infra_error.hpp"

namespace grader {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int sasl_handshake = 17;
constexpr int sasl_authenticate = 36;

}  // namespace

std::uint32_t read_number(const std::string& answer, std::size_t at, std::size_t size) {
  if (answer.size() < at + size) throw InfraError("the broker's answer is too short");
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8U | static_cast<unsigned char>(answer[at + i]);
  return value;
}

BrokerConnection::BrokerConnection(const BrokerAddress& address, std::string what,
                                   std::chrono::milliseconds patience)
    : what_(std::move(what)), deadline_(Clock::now() + patience) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list) != 0)
    fail("resolve");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, freeaddrinfo);
  bool connected = false;
  for (const addrinfo* one = list; one != nullptr && !connected; one = one->ai_next) {
    socket_.reset(::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol));
    connected = connect(socket_.get(), one->ai_addr, one->ai_addrlen) == 0;
  }
  if (!connected) fail("connect");
  if (!address.user.empty()) log_in(address);
}

void BrokerConnection::log_in(const BrokerAddress& address) {
  RequestBody mechanism;
  mechanism.string("PLAIN");
  if (read_number(ask(sasl_handshake, 1, mechanism), 0, 2) != 0) {
    throw InfraError("the broker knows no SASL/PLAIN");
  }
  RequestBody login;
  login.bytes('\0' + address.user + '\0' + address.password);
  if (read_number(ask(sasl_authenticate, 0, login), 0, 2) != 0) {
    throw InfraError("the broker does not accept the login of " + address.user);
  }
}

std::string BrokerConnection::ask(int api_key, int api_version, const RequestBody& body) {
  RequestBody header;
  header.int16(api_key);
  header.int16(api_version);
  header.int32(++correlation_id_);
  header.string("grader");
  RequestBody frame;
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

std::string BrokerConnection::receive(std::size_t size) {
  if (size > 1U << 20U) throw InfraError("the broker's answer is too long");
  std::string data(size, '\0');
  for (std::size_t got = 0; got < size;) {
    wait(POLLIN);
    const ssize_t part = recv(socket_.get(), data.data() + got, size - got, 0);
    if (part <= 0) fail("receive");
    got += static_cast<std::size_t>(part);
  }
  return data;
}

void BrokerConnection::wait(short event) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
  pollfd polled{.fd = socket_.get(), .events = event, .revents = 0};
  if (left <= 0 || poll(&polled, 1, static_cast<int>(left)) <= 0)
    throw InfraError(what_ + ": the broker does not answer");
}

void BrokerConnection::fail(const char* where) const {
  throw InfraError(fmt::format("{}: can't {}: {}", what_, where, std::generic_category().message(errno)));
}

}  // namespace grader
