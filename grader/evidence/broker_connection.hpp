#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "harness/descriptor.hpp"

namespace grader {

/// Where a broker listens, and who asks.
struct BrokerAddress {
  std::string host;
  int port = 0;
  /// SASL/PLAIN login; empty for a listener that asks for none.
  std::string user{};
  std::string password{};
};

/// A request's bytes: big-endian numbers, strings and byte arrays behind their length
/// (kafka.apache.org/protocol, "Protocol Primitive Types").
class RequestBody {
 public:
  void int8(int value) { number(static_cast<std::uint32_t>(value), 1); }
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

/// The big-endian number of `size` bytes at `at`. Throws `InfraError` if the answer is shorter.
std::uint32_t read_number(const std::string& answer, std::size_t at, std::size_t size);

/// A connection to a broker for the few requests that librdkafka can't send, logged in (SaslHandshake v1,
/// SaslAuthenticate v0) where there is a login. `what` is what the requests are for, as it is said in errors.
/// Every call keeps to one deadline, and throws `InfraError` if there is no answer by then.
class BrokerConnection {
 public:
  BrokerConnection(const BrokerAddress& address, std::string what, std::chrono::milliseconds patience);

  /// Sends one request and returns the body of its answer.
  std::string ask(int api_key, int api_version, const RequestBody& body);

 private:
  void log_in(const BrokerAddress& address);
  std::string receive(std::size_t size);
  void wait(short event) const;
  [[noreturn]] void fail(const char* where) const;

  std::string what_;
  std::chrono::steady_clock::time_point deadline_;
  Descriptor socket_;
  int correlation_id_ = 0;
};

}  // namespace grader
