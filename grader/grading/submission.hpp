#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "answers/answer_set.hpp"
#include "harness/paths.hpp"
#include "report/course_table.hpp"

namespace grader {

/// What was taken from somebody else's folder, and what was not.
struct Submission {
  AnswerSet answers;
  std::vector<std::string> notes;  ///< What was left out and why, for people.
};

/// Takes the files that a learner may edit from `folder` (laid out as the course, or as its phases/
/// folder) into `copy`, and nothing else. A file that can't be taken (a link, a binary, more than
/// 256 KiB) is replaced by one that says why when it is compiled; one that is missing counts as not
/// implemented. Throws `std::invalid_argument` if `folder` is no folder or holds no exercise at all.
Submission take_submission(const std::filesystem::path& folder, const std::filesystem::path& copy,
                           const std::string& name, const CourseTable& course);

}  // namespace grader
