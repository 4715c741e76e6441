#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "answers/answer_set.hpp"
#include "grading/run_checks.hpp"
#include "report/result_files.hpp"

namespace grader {

struct GradeOptions {
  AnswerSet answers;              ///< What is graded.
  std::filesystem::path results;  ///< Checks leave their evidence below, in a folder of the answers' name.
  std::vector<std::string> wanted{};  ///< Phases and exercises; all if empty.
  std::string seed{};                 ///< A fresh one if empty.
  unsigned jobs = default_jobs();
  bool explore_all = false;
  /// Somebody else's work: graded on a broker without an anonymous listener, at every crash point, and
  /// with a second look at infrastructure errors.
  bool submission = false;
};

/// What a grade tells while it goes on.
struct GradeProgress {
  std::function<void(const std::string& what)> phase = [](const std::string&) {};
  std::function<void(const Verdict& verdict, std::size_t done, std::size_t all)> verdict =
      [](const Verdict&, std::size_t, std::size_t) {};
};

/// Builds the answers, makes sure that a broker runs, and runs the checks. Throws `InfraError` when that
/// can't even begin, `std::invalid_argument` for a name that does not exist.
Grade grade(const Paths& paths, const CourseTable& course, const GradeOptions& options,
            const GradeProgress& progress, std::stop_token stop = {});

/// A seed nobody has used: eight hex digits.
std::string fresh_seed();

}  // namespace grader
