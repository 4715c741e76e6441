#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "grading/mutants.hpp"
#include "grading/run_checks.hpp"

namespace grader {

/// One thing that the grader must get right: a check on a set of answers, and what must come of it.
struct Expectation {
  CheckRun run;
  Status status = Status::passed;
  std::string diagnosis{};  ///< With `failed`.
  bool decides = true;      ///< False for the other checks of a mutant's exercise: what they say is listed.
};

struct SelftestOptions {
  std::vector<std::string> wanted{};  ///< Phases and exercises; all if empty.
  std::vector<std::string> only{};    ///< "solutions", "skeletons", "mutants", "variants"; all if empty.
  std::optional<std::string>
      mutant{};  ///< Only this one (NAME or EXERCISE.NAME), with all checks of its exercise.
  /// Of the slow things a sample, drawn from the seed: one crash point of each kind instead of all, and of
  /// the checks for which a mutant is not named one in five.
  bool sample = false;
  std::filesystem::path results;
  std::string seed;
  unsigned jobs = default_jobs();
};

struct SelftestResult {
  Expectation expected;
  Verdict verdict;

  /// "solutions", "skeletons", "mutants" or "variants"
  [[nodiscard]] std::string kind() const {
    return expected.run.answers.substr(0, expected.run.answers.find('/'));
  }

  [[nodiscard]] bool as_expected() const {
    if (!expected.decides) return verdict.status != Status::infra_error;
    return verdict.status == expected.status &&
           (expected.diagnosis.empty() ||
            (verdict.finding && verdict.finding->diagnosis == expected.diagnosis));
  }
};

/// The grader graded: solutions pass every check, skeletons are not implemented, every mutant fails its
/// named check with its named diagnosis (its exercise's other checks are run too), every variant passes.
/// Builds what is needed and starts a broker. Throws `InfraError` or `std::runtime_error` when that can't
/// begin.
std::vector<SelftestResult> selftest(
    const Paths& paths, const CourseTable& course, const SelftestOptions& options,
    const std::function<void(const std::string&)>& phase,
    const std::function<void(const SelftestResult&, std::size_t done, std::size_t all)>& result,
    std::stop_token stop);

}  // namespace grader
