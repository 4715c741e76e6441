#pragma once

#include <librdkafka/rdkafka.h>

#include <nlohmann/json.hpp>

#include "watch/describe.hpp"

namespace watch {

/// One call of the program into librdkafka, as the check hears of it: a question before and one after
/// it, so that the check can hold the program there. Without a check, nothing.
///
/// Messages: {"kind": "call", "call": NAME, "when": "before"|"after", "client": …, "thread": …, what the
/// call was given, what came of it}. Answers: {"do": "go"} or, after an asynchronous commit,
/// {"do": "settle"}: wait until it has arrived at the broker, then ask again ("settled": true).
/// Nothing is thrown, errno is kept, nothing is written: the program must not notice.
class Call {
 public:
  /// `arguments` are added to both messages.
  Call(const char* name, rd_kafka_t* client, nlohmann::json arguments = nlohmann::json::object());

  void before();
  void after(const nlohmann::json& result);

  /// The same for calls that come again and again while nothing happens: told once before, when
  /// something else was reported since, and a few times when it brought nothing.
  void before_poll();
  void after_poll(const nlohmann::json& result);

 private:
  [[nodiscard]] nlohmann::json message(const char* when) const;
  void settle() const;

  const char* name_;
  rd_kafka_t* client_;
  nlohmann::json arguments_;
  std::string client_name_;
};

/// `real()` with a report before and after it; for functions that return an error code or object.
template <typename Real>
auto observed(Call call, const Real& real) {
  call.before();
  const auto result = real();
  call.after(described(result));
  return result;
}

/// The same for polls that return one message or null.
template <typename Real>
rd_kafka_message_t* observed_poll(Call call, const Real& real) {
  call.before_poll();
  rd_kafka_message_t* const result = real();
  call.after_poll(described(&result, 1));
  return result;
}

/// The same for polls that fill an array and return how many.
template <typename Real>
ssize_t observed_batch(Call call, rd_kafka_message_t** messages, const Real& real) {
  call.before_poll();
  const ssize_t count = real();
  call.after_poll(described(messages, count));
  return count;
}

}  // namespace watch
