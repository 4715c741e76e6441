#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "report/course_table.hpp"
#include "report/result_files.hpp"
#include "tool/terminal.hpp"

namespace grader {

/// A finished grade as a learner reads it: a line for each exercise, the first failure in full, the
/// rest in a line each, and what to do next.
std::string view(const Grade& grade, const CourseTable& course,
                 const std::map<std::string, Diagnosis>& diagnoses, const Terminal& terminal);

/// 0 all passed, 1 something failed, 2 infrastructure left something open.
int exit_code_of(const Grade& grade);

/// Keeps the newest verdict of every check in one file, so that the status knows of exercises that
/// were not part of the last grade.
void remember_verdicts(const std::filesystem::path& file, const std::vector<Verdict>& verdicts);
std::vector<Verdict> remembered_verdicts(const std::filesystem::path& file);

}  // namespace grader
