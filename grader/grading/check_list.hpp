#pragma once

#include <string>
#include <vector>

#include "harness/did_you_mean.hpp"  // IWYU pragma: export
#include "harness/paths.hpp"
#include "report/course_table.hpp"

namespace grader {

/// A check as its executable lists it.
struct CheckId {
  std::string exercise;
  std::string part;  ///< "core" or "edge"
  std::string name;
};

/// All checks in the order of the course, core before edge. Throws `InfraError` if an exercise's
/// executable is missing or lists none.
std::vector<CheckId> list_checks(const Paths& paths, const CourseTable& course);

/// The executable that holds the checks of an exercise.
std::filesystem::path checks_executable(const Paths& paths, const std::string& exercise);

/// The checks that `wanted` names: a phase ("2", "phase2", "2-producer"), an exercise, or
/// EXERCISE.CHECK; all when it names nothing. Throws `std::invalid_argument` with a suggestion.
std::vector<CheckId> select_checks(const std::vector<CheckId>& all, const CourseTable& course,
                                   const std::vector<std::string>& wanted);

}  // namespace grader
