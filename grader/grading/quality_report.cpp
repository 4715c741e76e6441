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

std::string soak_section(const SoakRecord& soak) {
  if (soak.sets.empty()) return "";
  std::string text =
      "\n## Soak\n\n`./course soak` grades right programs again and again, with fresh seeds. Under load "
      "every "
      "processor is kept busy, and two grades run side by side.\n\n"
      "| answers | runs | of them under load | checks | did not pass |\n| --- | --- | --- | --- | --- |\n";
  SoakCount variants;
  unsigned sets = 0;
  const auto row = [&](const std::string& name, const SoakCount& count) {
    text += fmt::format("| {} | {} | {} | {} | {} |\n", name, count.runs, count.under_load, count.checks,
                        count.not_passed);
  };
  for (const auto& [name, count] : soak.sets) {
    if (name == "solutions") {
      row(name, count);
      continue;
    }
    ++sets;
    variants += count;
  }
  row(fmt::format("{} variants", sets), variants);
  for (const auto& one : soak.surprises) {
    text += fmt::format("\n- {} × {}: {} ({}){}", one.answers, one.check, one.verdict, one.diagnosis,
                        one.under_load ? ", under load" : "");
  }
  return text + (soak.surprises.empty() ? "" : "\n");
}

std::string attack_section(const nlohmann::json& attacks) {
  if (!attacks.is_object()) return "";
  std::map<std::string, int> counts;
  for (const auto& one : attacks.at("attacks")) ++counts[one.at("result").get<std::string>()];
  std::string text = fmt::format(
      "\n## Attacks\n\n`./course attack` grades hostile programs; [security](security.md) says what they "
      "try. With "
      "isolation `{}`:",
      attacks.at("isolation").get<std::string>());
  for (const auto& [result, count] : counts) text += fmt::format(" {} {},", count, result);
  return text + fmt::format(" {} things left behind.\n", attacks.at("left_behind").size());
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

std::string quality_report(const QualityEvidence& evidence) {
  std::string text = introduction + summary(evidence.results, evidence.seconds) +
                     soak_section(evidence.soak) + attack_section(evidence.attacks);
  text += "\n## Wrong implementations\n";
  std::string exercise;
  for (const auto& mutant : evidence.mutants) {
    if (mutant.exercise != exercise) {
      exercise = mutant.exercise;
      text += fmt::format(
          "\n### {}\n\n| name | what is wrong | has to fail | diagnosis | fails as well |\n"
          "| --- | --- | --- | --- | --- |\n",
          exercise);
    }
    text += mutant_row(mutant, evidence.results);
  }
  text += "\n## Right implementations in other styles\n";
  exercise.clear();
  for (const auto& variant : evidence.variants) {
    if (variant.exercise != exercise) {
      exercise = variant.exercise;
      text += fmt::format(
          "\n### {}\n\n| name | what it does otherwise | checks passed |\n| --- | --- | --- |\n", exercise);
    }
    text += variant_row(variant, evidence.results);
  }
  return text;
}

}  // namespace grader
