#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace course {

/// A named piece of metadata that travels with an event. Kafka allows the same name twice.
struct Header {
  std::string name;
  std::optional<std::string> value;  ///< Absent (null) and empty are different things to Kafka.

  friend bool operator==(const Header&, const Header&) = default;
};

/// What a producer sends: bytes, not text. Key and value may hold any byte, NUL included.
/// Absent (`std::nullopt`, Kafka's null) and empty (`""`) are different things and both are legal.
struct Event {
  std::optional<std::string> key;    ///< Decides the partition; equal keys share one.
  std::optional<std::string> value;  ///< Null is a "tombstone" in compacted topics.
  std::vector<Header> headers{};
  std::optional<std::chrono::milliseconds> timestamp{};  ///< Since the epoch; absent means "now".

  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace course
