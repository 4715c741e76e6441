#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace grader {

/// grader/exercises.toml in memory; the comments there explain the fields.
struct Exercise {
  std::string name;
  std::string title;
  int phase = 0;
  std::string folder;  ///< "2-producer"
  double points = 0;
  double core_share = 1;
  bool worked_example = false;
  std::string stands_on;             ///< Empty if it stands alone.
  std::vector<std::string> hints{};  ///< How to begin: from vague to nearly the answer; none for an example.

  /// Where its source lies below phases/, solutions/, a submission, …
  [[nodiscard]] std::filesystem::path source() const {
    return std::filesystem::path(folder) / (name + ".cpp");
  }
};

struct PhaseProgram {
  std::string name;
  std::string folder;
  std::vector<std::string> exercises;  ///< Whose code it contains.
};

struct Phase {
  int number = 0;
  std::string folder;
  std::string title;
};

struct CourseTable {
  std::vector<Phase> phases;
  std::vector<Exercise> exercises;
  std::vector<PhaseProgram> programs;

  /// Throws `std::runtime_error` naming file and line of what is wrong.
  static CourseTable load(const std::filesystem::path& file);

  /// Throws `std::out_of_range` if there is no such exercise.
  [[nodiscard]] const Exercise& exercise(const std::string& name) const;

  /// The programs that the checks of these exercises start, in the course's order: those that contain one of
  /// them and, besides, at most what it stands on; all that contain it, if there is none of that kind.
  [[nodiscard]] std::vector<std::string> programs_of(const std::set<std::string>& exercises) const;
};

}  // namespace grader
