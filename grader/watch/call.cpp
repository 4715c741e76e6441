#include "watch/call.hpp"

#include <unistd.h>

#include <cerrno>
#include <exception>

#include "support/report_channel.hpp"
#include "watch/real.hpp"

namespace watch {
namespace {

constexpr int settle_timeout_ms = 5000;
constexpr int most_empty_polls = 3;  // in a row that are reported: enough to see that somebody waits

/// The line to the check; null when the program runs by hand. Never destroyed: programs make calls
/// until their very end.
course::ReportChannel* check() {
  static const auto* channel = new std::shared_ptr(course::ReportChannel::from_environment());
  return channel->get();
}

/// What a thread has reported lately. Trivial, so that it can be used while a thread is ending.
struct Recently {
  bool something = true;  ///< Something was reported since the last poll was.
  int empty_polls = 0;
};
Recently& recently() {
  thread_local Recently of_this_thread;
  return of_this_thread;
}

class KeepErrno {
 public:
  KeepErrno() = default;
  ~KeepErrno() { errno = kept_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int kept_ = errno;
};

/// Runs `report`. When the check is gone there is nobody left to tell, and the program just goes on.
template <typename Report>
void quietly(const Report& report) {
  const KeepErrno keep;
  try {
    report();
  } catch (const std::exception&) {
  }
}

}  // namespace

Call::Call(const char* name, rd_kafka_t* client, nlohmann::json arguments)
    : name_(name), client_(client), arguments_(std::move(arguments)) {
  if (check() != nullptr) client_name_ = name_of(client);  // now: the call may destroy the client
}

void Call::before() {
  if (check() == nullptr) return;
  recently() = {};
  quietly([&] { check()->ask(message("before")); });
}

void Call::after(const nlohmann::json& result) {
  if (check() == nullptr) return;
  recently() = {};
  quietly([&] {
    auto told = message("after");
    told.update(result);
    const auto answer = check()->ask(told);
    if (answer.value("do", "") != "settle") return;
    settle();
    told["settled"] = true;
    check()->ask(told);
  });
}

void Call::before_poll() {
  if (check() == nullptr || !recently().something) return;
  quietly([&] { check()->ask(message("before")); });
  recently().something = false;
}

void Call::after_poll(const nlohmann::json& result) {
  if (check() == nullptr) return;
  if (!result.empty()) {
    after(result);
  } else if (recently().empty_polls < most_empty_polls) {
    ++recently().empty_polls;
    quietly([&] {
      auto told = message("after");
      told["empty"] = true;
      check()->tell(told);
    });
  }
}

nlohmann::json Call::message(const char* when) const {
  nlohmann::json json{
      {"kind", "call"}, {"call", name_}, {"when", when}, {"client", client_name_}, {"thread", gettid()}};
  json.update(arguments_);
  return json;
}

void Call::settle() const {
  // An asynchronous commit leaves on librdkafka's own time. A question about committed offsets goes to
  // the same coordinator over the same connection, behind it: its answer means that the commit is there.
  rd_kafka_topic_partition_list_t* partitions = nullptr;
  if (client_ == nullptr || REAL(rd_kafka_assignment)(client_, &partitions) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  if (partitions->cnt > 0) REAL(rd_kafka_committed)(client_, partitions, settle_timeout_ms);
  REAL(rd_kafka_topic_partition_list_destroy)(partitions);
}

}  // namespace watch
