#pragma once

#include <string>

#include "harness/paths.hpp"
#include "report/course_table.hpp"
#include "tool/terminal.hpp"

namespace grader {

/// The next hint for an exercise as a learner reads it. It counts as given. Throws `std::invalid_argument` if
/// there is no such exercise.
std::string hint_view(const Paths& paths, const CourseTable& course, const std::string& exercise,
                      const Terminal& terminal);

}  // namespace grader
