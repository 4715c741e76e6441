#include "grading/check_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "harness/command.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

bool matches(const CheckId& check, const CourseTable& course, const std::string& word) {
  const Exercise& exercise = course.exercise(check.exercise);
  const std::string number = std::to_string(exercise.phase);
  return word == check.exercise || word == exercise.folder || word == number || word == "phase" + number ||
         word == check.exercise + '.' + check.name || word == "phases/" + exercise.folder ||
         word == "phases/" + exercise.source().string();
}

}  // namespace

std::filesystem::path checks_executable(const Paths& paths, const std::string& exercise) {
  return paths.build / "checks" / exercise;
}

std::vector<CheckId> list_checks(const Paths& paths, const CourseTable& course) {
  std::vector<CheckId> checks;
  for (const auto& exercise : course.exercises) {
    const auto executable = checks_executable(paths, exercise.name);
    const auto listed = run_command({executable.string(), "--gtest_list_tests"});
    const auto before = checks.size();
    std::istringstream lines(listed.output);
    std::string part;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("  ")) {
        checks.push_back({.exercise = exercise.name, .part = part, .name = line.substr(2)});
      } else {
        part = line.substr(0, line.find('.'));
      }
    }
    if (listed.exit_code != 0 || checks.size() == before) {
      throw InfraError(fmt::format("{} lists no checks; build the course again (./course build --all)",
                                   executable.string()));
    }
    std::ranges::stable_partition(checks.begin() + static_cast<std::ptrdiff_t>(before), checks.end(),
                                  [](const CheckId& check) { return check.part == "core"; });
  }
  return checks;
}

std::vector<CheckId> select_checks(const std::vector<CheckId>& all, const CourseTable& course,
                                   const std::vector<std::string>& wanted) {
  std::vector<std::string> known;
  for (const auto& phase : course.phases) {
    known.push_back(std::to_string(phase.number));
    known.push_back(phase.folder);
  }
  for (const auto& exercise : course.exercises) known.push_back(exercise.name);
  for (const auto& word : wanted) {
    if (std::ranges::any_of(all, [&](const CheckId& check) { return matches(check, course, word); }))
      continue;
    auto names = known;
    for (const auto& check : all) names.push_back(check.exercise + '.' + check.name);
    const std::string meant = did_you_mean(word, names);
    throw std::invalid_argument(fmt::format("there is no phase or exercise '{}'{}\nknown: {}", word,
                                            meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant),
                                            fmt::join(known, ", ")));
  }
  std::vector<CheckId> chosen;
  std::ranges::copy_if(all, std::back_inserter(chosen), [&](const CheckId& check) {
    return wanted.empty() ||
           std::ranges::any_of(wanted, [&](const std::string& word) { return matches(check, course, word); });
  });
  return chosen;
}

}  // namespace grader
