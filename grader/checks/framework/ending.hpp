#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "checks/framework/learner.hpp"
#include "report/verdict.hpp"

namespace grader {

/// What is wrong with how a program ended, if anything: a sanitizer's finding, a crash, a limit
/// exceeded, an exception. Nothing for exit code 0. Throws `NotJudged` if an exercise is not
/// implemented; when that is not `exercise` itself, it is blocked by the other one.
std::optional<Finding> fault_of(Learner& learner, const Ended& ended, const std::string& exercise);

/// Waits for the program to end by itself and fails the check if it does not, or not well.
void expect_ends_well(Learner& learner, std::chrono::milliseconds patience, const std::string& exercise);

/// For a program that should be running but did not do what the check waits for: throws what explains
/// it (not implemented, crashed, …), or `otherwise` when it is alive and just did not do it.
[[noreturn]] void explain_absence(Learner& learner, const std::string& exercise, Finding otherwise);

}  // namespace grader
