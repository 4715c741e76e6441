#pragma once

#include <map>
#include <string>

#include "grading/grade.hpp"
#include "report/course_table.hpp"
#include "report/result_files.hpp"
#include "tool/terminal.hpp"

namespace grader {

/// Tells on the terminal how far a grade is. `terminal` outlives what is returned.
GradeProgress progress_on(const Terminal& terminal);

/// A finished grade as a learner reads it: a line for each exercise, the first failure in full, the
/// rest in a line each, and what to do next.
std::string view(const Grade& grade, const CourseTable& course,
                 const std::map<std::string, Diagnosis>& diagnoses, const Terminal& terminal);

/// 0 all passed, 1 something failed, 2 infrastructure left something open.
int exit_code_of(const Grade& grade);

}  // namespace grader
