#include "harness/port_forward.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "harness/infra_error.hpp"

namespace grader {
namespace {

constexpr std::size_t most_waiting = 256 * 1024;  // bytes in one direction that nobody has taken yet
constexpr std::size_t most_connections = 128;     // of one program
constexpr std::size_t most_sent = std::size_t{256}
                                  << 20U;  // by one program: it all lands on the broker's disk

void send_at_once(const Descriptor& socket) {
  const int yes = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

/// What goes one way.
struct Direction {
  std::string waiting;
  bool ended = false;   ///< The sender has said all.
  bool closed = false;  ///< And the receiver knows.
  std::size_t bytes = 0;

  [[nodiscard]] bool wants_more() const { return !ended && waiting.size() < most_waiting; }

  /// Reads what `from` has to say. False when the connection is broken.
  bool receive(int from) {
    std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
    const ssize_t size = recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) ended = true;
    bytes += static_cast<std::size_t>(size);
    waiting.append(buffer.data(), static_cast<std::size_t>(size));
    return true;
  }

  bool deliver(int to) {
    while (!waiting.empty()) {
      const ssize_t size = send(to, waiting.data(), waiting.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size < 0) return errno == EAGAIN || errno == EINTR;
      waiting.erase(0, static_cast<std::size_t>(size));
    }
    if (ended && !closed) {
      shutdown(to, SHUT_WR);
      closed = true;
    }
    return true;
  }
};

struct Connection {
  Descriptor inside;
  Descriptor outside;
  Direction out{};
  Direction in{};

  [[nodiscard]] bool done() const { return out.closed && in.closed; }
};

/// Nothing when nobody listens at `port`.
Descriptor connect_to(int port) {
  Descriptor made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) made.reset();
  if (made.valid()) send_at_once(made);
  return made;
}

short interest(const Direction& reading, const Direction& writing) {
  return static_cast<short>((reading.wants_more() ? POLLIN : 0) | (writing.waiting.empty() ? 0 : POLLOUT));
}

/// Moves what can be moved. False when the connection is broken.
bool move(Connection& connection, short inside, short outside) {
  auto& [in_socket, out_socket, out, in] = connection;
  const auto take = [](short events, Direction& way, int from) {
    if (way.wants_more()) return events == 0 || way.receive(from);
    return (events & (POLLHUP | POLLERR)) == 0;
  };
  if (!take(inside, out, in_socket.get()) || !take(outside, in, out_socket.get())) return false;
  return out.deliver(out_socket.get()) && in.deliver(in_socket.get());
}

}  // namespace

PortForward::PortForward(Descriptor listener, int port)
    : listener_(std::move(listener)), port_(port), wake_(eventfd(0, EFD_CLOEXEC)) {
  if (!wake_.valid()) throw InfraError("no descriptor is left for a program's way to the broker");
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

PortForward::~PortForward() {
  thread_.request_stop();
  const std::uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
}

void PortForward::run(const std::stop_token& stop) const {
  std::vector<std::unique_ptr<Connection>> connections;
  std::size_t sent = 0;
  while (!stop.stop_requested()) {
    std::vector<pollfd> polled{{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                               {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const auto& one : connections) {
      polled.push_back({.fd = one->inside.get(), .events = interest(one->out, one->in), .revents = 0});
      polled.push_back({.fd = one->outside.get(), .events = interest(one->in, one->out), .revents = 0});
    }
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      auto& one = connections[i];
      const std::size_t before = one->out.bytes;
      const bool whole = move(*one, polled[2 + 2 * i].revents, polled[3 + 2 * i].revents);
      sent += one->out.bytes - before;
      if (!whole || one->done() || sent > most_sent) one.reset();
    }
    std::erase(connections, nullptr);
    if ((polled[1].revents & POLLIN) == 0) continue;
    Descriptor inside(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!inside.valid() || connections.size() >= most_connections || sent > most_sent) continue;
    send_at_once(inside);
    if (auto outside = connect_to(port_); outside.valid()) {
      connections.push_back(std::make_unique<Connection>(
          Connection{.inside = std::move(inside), .outside = std::move(outside)}));
    }
  }
}

}  // namespace grader
