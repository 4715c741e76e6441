#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/course_table.hpp"
#include "report/verdict.hpp"

namespace grader {

/// What an exercise's verdicts come to.
struct ExerciseScore {
  std::string exercise;
  Status status = Status::passed;  ///< Passed if every check passed; else the one that matters most.
  std::optional<double> points;    ///< Absent as long as infrastructure left a check open.
  double maximum = 0;
  int passed = 0;  ///< Checks that passed.
  int checks = 0;
};

/// The score of one exercise from the verdicts of all its checks. Core checks share the core part of
/// the points evenly, edge checks the rest; without checks of one part, the other part has it all.
/// Checks that this cluster can't show count neither way; an exercise of which it shows nothing has a
/// maximum of 0.
ExerciseScore score(const Exercise& exercise, const std::vector<Verdict>& verdicts);

/// The whole score: absent as long as one exercise's is.
struct Total {
  std::optional<double> points;
  double maximum = 0;
};
Total total(const std::vector<ExerciseScore>& scores);

}  // namespace grader
