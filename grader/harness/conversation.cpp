#include "harness/conversation.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>

#include "harness/infra_error.hpp"
#include "harness/pass_descriptor.hpp"

namespace grader {
namespace {

constexpr std::size_t largest_message = std::size_t{256} * 1024;

// What an honest program stays far below.
constexpr std::size_t most_connections = 512;              // one for each of its threads
constexpr std::size_t most_text = std::size_t{64} << 20U;  // of all messages together
constexpr int deepest_message = 8;                         // objects within objects

/// A connection as ReportChannel makes it; anything else (a file, a pipe) might hold up its reader.
bool is_connection(const Descriptor& passed) {
  int type = 0;
  int domain = 0;
  socklen_t size = sizeof type;
  return getsockopt(passed.get(), SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET &&
         getsockopt(passed.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

/// A message in the form that everybody relies on; nothing for whatever else a program may send.
std::optional<nlohmann::json> well_formed(const std::string& text) {
  bool too_deep = false;
  auto message = nlohmann::json::parse(
      text,
      [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        too_deep |= depth > deepest_message;
        return !too_deep;
      },
      false);
  if (too_deep || !message.is_object()) return std::nullopt;
  if (!message.contains("at") || !message["at"].is_number_integer()) return std::nullopt;
  if (message.contains("kind") && !message["kind"].is_string()) return std::nullopt;
  if (message.contains("ask") && !message["ask"].is_boolean()) return std::nullopt;
  return message;
}

}  // namespace

Conversation::Conversation(Policy policy, Listener listener)
    : policy_(std::move(policy)), listener_(std::move(listener)), wake_(eventfd(0, EFD_CLOEXEC)) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0 || !wake_.valid()) {
    throw InfraError(std::string("no line to the program under grading: ") +
                     std::generic_category().message(errno));
  }
  grader_end_.reset(ends[0]);
  program_end_.reset(ends[1]);
  reader_ = std::jthread([this](const std::stop_token& stop) { read(stop); });
}

Conversation::~Conversation() {
  reader_.request_stop();
  const std::uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof(one));
}

std::vector<nlohmann::json> Conversation::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

std::vector<Question> Conversation::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

bool Conversation::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

bool Conversation::wait_until(const Predicate& holds, Clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return ended_ || holds(messages_, held_); });
  return holds(messages_, held_);
}

void Conversation::answer(const Question& question, const nlohmann::json& answer) {
  const std::lock_guard lock(mutex_);
  std::erase_if(held_, [&](const Question& one) { return one.connection == question.connection; });
  send_answer(question.connection, answer);
}

void Conversation::read(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> polled{{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                               {.fd = grader_end_.get(), .events = POLLIN, .revents = 0}};
    for (const auto& connection : connections_) {
      polled.push_back({.fd = connection.get(), .events = POLLIN, .revents = 0});
    }
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) break;
    if (stop.stop_requested()) break;
    receive_connections();
    drain();
    if (!grader_end_.valid() && std::ranges::none_of(connections_, &Descriptor::valid)) break;
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Conversation::receive_connections() {
  bool ended = false;
  while (grader_end_.valid()) {
    auto connection = receive_descriptor(grader_end_.get(), std::chrono::milliseconds(0), &ended);
    if (ended) grader_end_.reset();
    if (!connection.valid()) return;
    if (!is_connection(connection) || connections_.size() >= most_connections) continue;
    const std::lock_guard lock(mutex_);
    connections_.push_back(std::move(connection));
  }
}

void Conversation::drain() {
  // What several threads said is put in the order of their clocks: a question is answered only
  // when everything that was said before it has been read.
  std::vector<std::pair<int, nlohmann::json>> batch;
  std::string text;
  for (bool more = true; more;) {
    more = false;
    receive_connections();
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (!connections_[i].valid()) continue;
      text.resize(largest_message);
      const ssize_t size = recv(connections_[i].get(), text.data(), text.size(), MSG_DONTWAIT);
      if (size > 0) {
        text.resize(static_cast<std::size_t>(size));
        heard_ += text.size();
        if (heard_ > most_text) {  // it talks to fill our memory: from now on nobody listens
          grader_end_.reset();
          for (auto& connection : connections_) connection.reset();
          return;
        }
        if (auto message = well_formed(text)) batch.emplace_back(static_cast<int>(i), std::move(*message));
        more = true;
      } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        const std::lock_guard lock(mutex_);
        connections_[i].reset();
        std::erase_if(held_, [&](const Question& one) { return one.connection == static_cast<int>(i); });
      }
    }
  }
  std::ranges::stable_sort(batch, {},
                           [](const auto& entry) { return entry.second["at"].template get<std::int64_t>(); });
  for (auto& [connection, message] : batch) handle(connection, std::move(message));
}

void Conversation::handle(int connection, nlohmann::json message) {
  const bool asks = message.value("ask", false);
  std::optional<nlohmann::json> answer;
  try {
    if (listener_) listener_(message);
    if (asks && policy_) answer = policy_(message);
  } catch (const nlohmann::json::exception&) {
    return;  // not one of ours: a field is missing or of another type
  }
  const std::lock_guard lock(mutex_);
  if (asks && answer) send_answer(connection, *answer);
  if (asks && !answer) held_.push_back({.connection = connection, .body = message});
  messages_.push_back(std::move(message));
  changed_.notify_all();
}

void Conversation::send_answer(int connection, const nlohmann::json& answer) {
  const std::string text = answer.dump();
  const auto index = static_cast<std::size_t>(connection);
  if (connections_[index].valid())
    send(connections_[index].get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace grader
