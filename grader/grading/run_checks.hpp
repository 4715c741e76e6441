#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "grading/check_list.hpp"
#include "harness/isolation.hpp"
#include "harness/paths.hpp"
#include "report/verdict.hpp"

namespace grader {

/// A check to be run on a set of answers, whose programs are built already.
struct CheckRun {
  CheckId check;
  std::string answers;
  bool explore_all = false;  ///< Every crash point rather than one of each kind.
};

/// Checks side by side, unless one says otherwise: three for each processor, as most of their time is
/// waiting.
unsigned default_jobs();

struct CheckRunOptions {
  std::filesystem::path results;   ///< Each check leaves its evidence in RESULTS/ANSWERS/EXERCISE/CHECK.
  std::filesystem::path broker;    ///< The folder of the broker's state.
  Tier isolation = Tier::sandbox;  ///< At most; of the learner's programs.
  std::string seed;
  unsigned jobs = default_jobs();  ///< Checks side by side.
  /// Hears that another grade of the same answers leaves its evidence in the same folders, and that this one
  /// begins when that one has ended.
  std::function<void()> waits = [] {};
};

/// Runs checks, each in a process of its own, several side by side, and returns their verdicts in the
/// order of `runs`. When one says that its exercise is not implemented or does not compile, the rest
/// of the exercise is not run and gets the same verdict. A check that dies without a verdict is an
/// infrastructure error. On `stop`, what runs is killed and what has not started is left out.
///
/// `finished` hears of each verdict and the index of its run, on the calling thread.
std::vector<Verdict> run_checks(const Paths& paths, const std::vector<CheckRun>& runs,
                                const CheckRunOptions& options,
                                const std::function<void(const Verdict&, std::size_t)>& finished,
                                std::stop_token stop = {});

}  // namespace grader
