#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/paths.hpp"
#include "report/course_table.hpp"
#include "report/diagnoses.hpp"
#include "report/result_files.hpp"
#include "report/score.hpp"

namespace grader {

/// How an exercise stands, as the last grades of it saw it.
struct Standing {
  const Exercise* exercise = nullptr;
  std::optional<ExerciseScore> score;  ///< Absent if it was never graded.
  bool edited_since = false;
  std::string last_failure{};  ///< The diagnosis of the first check that failed; empty if none did.

  [[nodiscard]] bool passed() const { return score && score->status == Status::passed; }
};

/// All exercises in the course's order. `course` outlives what is returned.
std::vector<Standing> standings(const Paths& paths, const CourseTable& course);

/// The first that has not passed; null if all have.
const Standing* next_of(const std::vector<Standing>& standings);

/// How long ago the learner's files were graded last; nothing if never.
std::optional<std::chrono::seconds> since_last_grade(const Paths& paths);

/// File and line of an exercise's TODO(human), as a terminal can click on; the file alone without one.
std::string place_of_todo(const Paths& paths, const Exercise& exercise);

/// The exercise of that name. Throws `std::invalid_argument` with a suggestion.
const Exercise& exercise_named(const CourseTable& course, const std::string& name);

/// Writes a grade of "phases" or "solutions" to last-grade.json, and its verdicts to the newest of every
/// check, so that the status knows of exercises that were not part of the last grade. Throws `InfraError`.
void record_grade(const Paths& paths, const Grade& grade, const std::map<std::string, Diagnosis>& diagnoses);

/// The newest verdict of every check of the learner's own files; none if nothing was graded yet.
std::vector<Verdict> newest_verdicts(const Paths& paths);

/// The verdict that stands most in the way: infrastructure first, then what failed first in the course's
/// order. Null if all passed.
const Verdict* most_important(const std::vector<Verdict>& verdicts);

}  // namespace grader
