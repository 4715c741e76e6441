#include "grading/quality_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

namespace grader {
namespace {

constexpr const char* introduction = R"(# How good is the grader?

Made by `./course selftest --report docs/grader-quality.md`, which runs every check of an exercise on its solution, its
skeleton, each wrong implementation (`grader/mutants/`) and each right one in another style (`grader/variants/`). A
wrong implementation has to fail its named check with its named diagnosis. What else it fails is listed, and may differ
from run to run: a program that is wrong in one place is often wrong in the sight of several checks.

)";

/// In a table's cell.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

std::string summary(const std::vector<SelftestResult>& results, double seconds) {
  struct Count {
    std::set<std::string> sets;
    int good = 0;
    int all = 0;
  };
  std::map<std::string, Count> counts;
  for (const auto& result : results) {
    if (!result.expected.decides) continue;
    auto& count = counts[result.kind()];
    count.sets.insert(result.expected.run.answers);
    ++count.all;
    count.good += result.as_expected() ? 1 : 0;
  }
  std::string text =
      "| answers | how many | verdicts that decide | as expected |\n| --- | --- | --- | --- |\n";
  for (const auto& [kind, count] : counts)
    text += fmt::format("| {} | {} | {} | {} |\n", kind, count.sets.size(), count.all, count.good);
  return text + fmt::format("\n{} checks were run in {:.0f} s on {} processors, compiling included.\n",
                            results.size(), seconds, std::thread::hardware_concurrency());
}

std::string mutant_row(const Mutant& mutant, const std::vector<SelftestResult>& results) {
  std::string caught = "**survived**";
  std::vector<std::string> others;
  for (const auto& result : results) {
    if (result.expected.run.answers != mutant.set()) continue;
    const auto& verdict = result.verdict;
    if (result.expected.decides && result.as_expected()) caught = "`" + mutant.diagnosis + "`";
    if (!result.expected.decides && verdict.status == Status::failed) others.push_back(verdict.check);
  }
  std::ranges::sort(others);
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", mutant.name, cell(mutant.what), mutant.check, caught,
                     fmt::join(others, ", "));
}

std::string variant_row(const Variant& variant, const std::vector<SelftestResult>& results) {
  int passed = 0;
  int all = 0;
  for (const auto& result : results) {
    if (result.expected.run.answers != variant.set()) continue;
    ++all;
    passed += result.as_expected() ? 1 : 0;
  }
  return fmt::format("| `{}` | {} | {} of {} |\n", variant.name, cell(variant.what), passed, all);
}

}  // namespace

std::string quality_report(const std::vector<SelftestResult>& results, const std::vector<Mutant>& mutants,
                           const std::vector<Variant>& variants, double seconds) {
  std::string text = introduction + summary(results, seconds);
  text += "\n## Wrong implementations\n";
  std::string exercise;
  for (const auto& mutant : mutants) {
    if (mutant.exercise != exercise) {
      exercise = mutant.exercise;
      text += fmt::format(
          "\n### {}\n\n| name | what is wrong | has to fail | diagnosis | fails as well |\n"
          "| --- | --- | --- | --- | --- |\n",
          exercise);
    }
    text += mutant_row(mutant, results);
  }
  text += "\n## Right implementations in other styles\n";
  exercise.clear();
  for (const auto& variant : variants) {
    if (variant.exercise != exercise) {
      exercise = variant.exercise;
      text += fmt::format(
          "\n### {}\n\n| name | what it does otherwise | checks passed |\n| --- | --- | --- |\n", exercise);
    }
    text += variant_row(variant, results);
  }
  return text;
}

}  // namespace grader
