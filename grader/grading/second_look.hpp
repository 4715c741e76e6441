#pragma once

#include <stop_token>
#include <vector>

#include "grading/run_checks.hpp"

namespace grader {

/// An infrastructure error may be the submission's doing (it killed the broker, it filled the disk). It
/// is, if the same check on the solution goes well and on the submission fails so once more: then its
/// verdict becomes `disturbed_the_grader`. `verdicts` are those of `runs`, as far as there are any.
void look_again(const Paths& paths, const CourseTable& course, const std::vector<CheckRun>& runs,
                const CheckRunOptions& options, std::vector<Verdict>& verdicts, const std::stop_token& stop);

}  // namespace grader
