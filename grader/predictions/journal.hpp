#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace grader {

/// A prediction, and what came of it.
struct Prediction {
  std::string answer;  ///< A choice's name, or a number.
  std::string why{};
  std::string made_at;  ///< ISO 8601, UTC.
  std::map<std::string, std::string> settings{};
  std::optional<std::string> observed{};  ///< Absent until the experiment has settled it.

  [[nodiscard]] bool settled() const { return observed.has_value(); }
};

/// What a learner has answered to a question of the reflection.
struct Reflection {
  std::string text;
  std::string written_at;  ///< ISO 8601, UTC.
};

/// The learner's answers, in one file of the checkout's state folder that only they can read. Every change is
/// on disk when the call returns. Safe to use from several processes at once. Throws `InfraError` if the file
/// can't be read or written.
class Journal {
 public:
  explicit Journal(std::filesystem::path state_folder);

  /// Those made so far to a question, the oldest first.
  [[nodiscard]] std::vector<Prediction> predictions(const std::string& question) const;
  /// Writes down a prediction; one that was never settled gives way to it.
  void add(const std::string& question, const Prediction& prediction);
  /// Writes down what the last prediction's experiment showed.
  void settle(const std::string& question, const std::string& observed,
              const std::map<std::string, std::string>& settings);
  /// Whether a prediction was made and settled.
  [[nodiscard]] bool is_settled(const std::string& question) const;

  [[nodiscard]] std::optional<Reflection> reflection(const std::string& question) const;
  void set_reflection(const std::string& question, const Reflection& reflection);

 private:
  std::filesystem::path file_;
};

/// Now, as ISO 8601 in UTC: "2026-11-21T11:25:49Z".
std::string now_in_words();

}  // namespace grader
