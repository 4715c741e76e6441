#include "support/event_json.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace course {
namespace {

std::string to_hex(const std::string& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += digits[value >> 4U];
    text += digits[value & 15U];
  }
  return text;
}

std::string from_hex(const std::string& text) {
  if (text.size() % 2 != 0) throw std::invalid_argument("hex text needs two digits for each byte");
  std::string bytes;
  for (auto at = text.begin(); at != text.end(); at += 2) {
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(&*at, &*at + 2, byte, 16);
    if (error != std::errc() || end != &*at + 2) {
      throw std::invalid_argument("'" + std::string(at, at + 2) + "' is not a byte in hex");
    }
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

bool is_utf8(const std::string& bytes) {
  try {
    (void)nlohmann::json(bytes).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

std::optional<std::string> optional_bytes(const nlohmann::json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return bytes_from_json(*found);
}

nlohmann::json optional_json(const std::optional<std::string>& bytes) {
  return bytes ? bytes_to_json(*bytes) : nlohmann::json(nullptr);
}

std::string described(const nlohmann::json::exception& error) {
  const std::string text = error.what();  // "[json.exception.parse_error.101] parse error at …"
  const auto end = text.find("] ");
  return end == std::string::npos ? text : text.substr(end + 2);
}

}  // namespace

nlohmann::json bytes_to_json(const std::string& bytes) {
  if (is_utf8(bytes)) return bytes;
  return {{"hex", to_hex(bytes)}};
}

std::string bytes_from_json(const nlohmann::json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_object() && json.size() == 1 && json.contains("hex") && json["hex"].is_string()) {
    return from_hex(json["hex"].get<std::string>());
  }
  return json.dump();
}

Event event_from_json(const nlohmann::json& json) {
  if (!json.is_object())
    throw std::invalid_argument(
        "an event is a JSON object, such as {\"key\": \"alice\", \"value\": \"hello\"}");
  for (const auto& [name, unused] : json.items()) {
    if (name != "key" && name != "value" && name != "headers" && name != "timestamp") {
      throw std::invalid_argument("unknown field '" + name + "' (known: key, value, headers, timestamp)");
    }
  }
  Event event{.key = optional_bytes(json, "key"), .value = optional_bytes(json, "value")};
  if (const auto headers = json.find("headers"); headers != json.end() && !headers->is_null()) {
    if (!headers->is_array())
      throw std::invalid_argument("'headers' must be a list of {\"name\", \"value\"} objects");
    for (const auto& header : *headers) {
      if (!header.is_object() || !header.contains("name") || !header["name"].is_string()) {
        throw std::invalid_argument("each header needs a 'name' that is a string");
      }
      event.headers.push_back(
          {.name = header["name"].get<std::string>(), .value = optional_bytes(header, "value")});
    }
  }
  if (const auto timestamp = json.find("timestamp"); timestamp != json.end() && !timestamp->is_null()) {
    if (!timestamp->is_number_integer() || timestamp->get<std::int64_t>() < 0) {
      throw std::invalid_argument("'timestamp' must be a whole number of milliseconds since 1970");
    }
    event.timestamp = std::chrono::milliseconds(timestamp->get<std::int64_t>());
  }
  return event;
}

nlohmann::json event_to_json(const Event& event) {
  nlohmann::json json{{"key", optional_json(event.key)}, {"value", optional_json(event.value)}};
  for (const auto& header : event.headers) {
    json["headers"].push_back({{"name", header.name}, {"value", optional_json(header.value)}});
  }
  if (event.timestamp) json["timestamp"] = event.timestamp->count();
  return json;
}

std::variant<std::monostate, Event, MalformedLine> EventLines::next() {
  std::string line;
  while (std::getline(input_, line)) {
    ++line_number_;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      return event_from_json(nlohmann::json::parse(line));
    } catch (const nlohmann::json::exception& error) {
      return MalformedLine{line_number_, described(error)};
    } catch (const std::invalid_argument& error) {
      return MalformedLine{line_number_, error.what()};
    }
  }
  return std::monostate{};
}

}  // namespace course
