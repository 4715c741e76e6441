#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace grader {

/// One request that the broker has answered, as its request logger wrote it down.
struct Request {
  nlohmann::json json;  ///< All of it: requestHeader, request, response, connection, principal, …

  [[nodiscard]] std::string api() const;         ///< "PRODUCE", "OFFSET_COMMIT", "LEAVE_GROUP", …
  [[nodiscard]] std::string client_id() const;   ///< What the client says it is.
  [[nodiscard]] std::string principal() const;   ///< Who the broker knows it is, such as "User:check07".
  [[nodiscard]] std::string connection() const;  ///< Address pair and number: unique for a connection.
  [[nodiscard]] const nlohmann::json& request() const { return json.at("request"); }
  [[nodiscard]] const nlohmann::json& response() const { return json.at("response"); }
};

/// Reads the broker's request log from where it ends when the object is made. Lines appear when a
/// request was answered. Not safe to share between threads.
class RequestLog {
 public:
  /// Only lines that contain `filter`, such as a principal, are parsed and kept.
  RequestLog(std::filesystem::path path, std::string filter);

  /// Reads what has been written since; all requests kept so far.
  const std::vector<Request>& read();

  /// Reads until a request satisfies `wanted`; false when `deadline` passed first.
  bool wait_for(const std::function<bool(const Request&)>& wanted,
                std::chrono::steady_clock::time_point deadline);

 private:
  void read_lines(std::ifstream& file);

  std::filesystem::path path_;
  std::string filter_;
  std::ifstream file_;
  ino_t inode_ = 0;
  std::string partial_;
  std::vector<Request> requests_;
};

}  // namespace grader
