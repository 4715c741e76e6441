#include "grading/check_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <sstream>
#include <stdexcept>

#include "harness/command.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

/// Letters to insert, delete or replace to make one word the other (Levenshtein).
std::size_t distance(const std::string& from, const std::string& to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < to.size(); ++k) {
      const std::size_t replaced = diagonal + (from[i] == to[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({replaced, row[k] + 1, row[k + 1] + 1});
    }
  }
  return row.back();
}

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

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const auto nearest =
      std::ranges::min_element(known, {}, [&](const std::string& one) { return distance(word, one); });
  if (nearest == known.end()) return "";
  const std::size_t tolerated = std::max<std::size_t>(2, word.size() / 3);
  return distance(word, *nearest) <= tolerated ? *nearest : "";
}

}  // namespace grader
