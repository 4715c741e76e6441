#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/course_table.hpp"
#include "report/diagnoses.hpp"
#include "report/verdict.hpp"

namespace grader {

/// Hints that fit how an exercise stands.
struct Hints {
  std::string subject;             ///< A diagnosis, or "start" when nothing is written yet.
  std::string about;               ///< What happened, in a line.
  std::vector<std::string> texts;  ///< From vague to nearly the answer; empty if there is nothing to hint at.
};

/// Hints for the verdict that stands most in the way of an exercise, of which these are the newest verdicts
/// (none if it was never graded).
Hints hints_for(const Exercise& exercise, const std::vector<Verdict>& verdicts,
                const std::map<std::string, Diagnosis>& diagnoses);

}  // namespace grader
