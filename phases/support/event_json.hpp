#pragma once

#include <istream>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>

#include "support/event.hpp"

namespace course {

/// The JSON form of an event, one object on a line:
///
///   {"key": "alice", "value": "…", "headers": [{"name": "trace", "value": "7f"}], "timestamp":
///   1734721501000}
///
/// Every field may be absent; `null` and absent both mean Kafka's null. Bytes that are not UTF-8
/// are written {"hex": "00ff"}. A value that is any other JSON object or array is sent as that
/// JSON text. Throws `std::invalid_argument` with the reason.
Event event_from_json(const nlohmann::json& json);
nlohmann::json event_to_json(const Event& event);

/// Bytes as a JSON string if they are UTF-8, else as {"hex": "00ff"}.
nlohmann::json bytes_to_json(const std::string& bytes);
std::string bytes_from_json(const nlohmann::json& json);

/// A line that could not be read as an event.
struct MalformedLine {
  std::size_t line_number;  ///< Counted from 1.
  std::string reason;
};

/// The next event of a stream of JSON lines, blank lines skipped; `std::monostate` at the end.
/// A malformed line is returned as such and does not end the stream.
class EventLines {
 public:
  explicit EventLines(std::istream& input) : input_(input) {}
  std::variant<std::monostate, Event, MalformedLine> next();

 private:
  std::istream& input_;
  std::size_t line_number_ = 0;
};

}  // namespace course
