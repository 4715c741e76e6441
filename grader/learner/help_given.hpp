#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace grader {

/// What the learner has asked the course for, besides grades. Lives in one file and is written when it
/// changes; a file that can't be read counts as empty.
class HelpGiven {
 public:
  explicit HelpGiven(std::filesystem::path file);

  /// How many hints about `subject` (a diagnosis, or "start") were given for an exercise.
  [[nodiscard]] std::size_t hints_given(const std::string& exercise, const std::string& subject) const;
  /// Throws `InfraError` if it can't be written, as the next one does.
  void note_hint(const std::string& exercise, const std::string& subject);

  [[nodiscard]] bool solution_seen(const std::string& exercise) const { return seen_.contains(exercise); }
  void note_solution(const std::string& exercise);

 private:
  void save() const;

  std::filesystem::path file_;
  std::map<std::string, std::map<std::string, std::size_t>> hints_;
  std::set<std::string> seen_;
};

}  // namespace grader
