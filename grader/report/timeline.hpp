#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace grader {

/// Everything that a check gathered, as JSON lines in the order in which the check learned of it
/// (docs/timeline.md is the schema). Each line is written at once, so that a check that hangs or
/// crashes still leaves its story. Safe to use from any thread.
class Timeline {
 public:
  explicit Timeline(const std::filesystem::path& file);

  /// Adds an entry now. `source` is "check", "process", "hook", "call", "records", "offsets", "group"
  /// or "request"; `what` names the event within its source.
  void add(const std::string& source, const std::string& what,
           nlohmann::json fields = nlohmann::json::object());

  /// Adds an entry that happened at another moment.
  void add_at(std::chrono::steady_clock::time_point at, const std::string& source, const std::string& what,
              nlohmann::json fields = nlohmann::json::object());

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::ofstream file_;
};

}  // namespace grader
