#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/paths.hpp"
#include "report/course_table.hpp"
#include "report/verdict.hpp"

namespace grader {

/// A wrong implementation that somebody has, and what they say of it.
struct MutantIdea {
  std::string exercise;
  std::filesystem::path file;  ///< The whole wrong file.
  std::string name;            ///< Letters, digits and underscores.
  std::string what;            ///< What is wrong with it.
  std::string who;             ///< Who makes this mistake, and why.
};

/// What the grader makes of it.
struct MutantTrial {
  std::filesystem::path patch;      ///< Where it was written.
  std::vector<Verdict> verdicts;    ///< Of all checks of the exercise.
  std::optional<Verdict> caught{};  ///< The first that failed; absent if the grader accepts the program.
};

/// Makes grader/mutants/EXERCISE/NAME.patch from the difference between the solution and `idea.file`, with
/// the first check that fails and its diagnosis in the head. If no check fails, the patch gets the ending
/// ".survivor", which the selftest does not read: the grader lacks a check. Nothing is left when `stop` is
/// requested. Throws `std::invalid_argument` for an idea that can't be used (no difference, does not compile,
/// a name that is taken), `InfraError` when it can't be tried.
MutantTrial try_new_mutant(const Paths& paths, const CourseTable& course, const MutantIdea& idea,
                           const std::function<void(const std::string&)>& phase, std::stop_token stop);

}  // namespace grader
