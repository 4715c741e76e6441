#include "grading/diagnoses_page.hpp"

#include <fmt/format.h>

#include "report/verdict_text.hpp"

namespace grader {
namespace {

/// The mutants that are caught under this name, by exercise.
std::map<std::string, std::vector<const Mutant*>> that_meet(const Diagnosis& diagnosis,
                                                            const std::vector<Mutant>& mutants) {
  std::map<std::string, std::vector<const Mutant*>> found;
  for (const auto& mutant : mutants) {
    if (mutant.diagnosis == diagnosis.name) found[mutant.exercise].push_back(&mutant);
  }
  return found;
}

std::string section(const Diagnosis& diagnosis, const std::vector<Mutant>& mutants) {
  std::string text =
      fmt::format("### {}\n\n{}\n\n**Why:** {}\n\n**Next:** {}\n\n**Read:** [{}](../{})\n\n", diagnosis.name,
                  diagnosis.happened, diagnosis.why, diagnosis.next, diagnosis.lesson, diagnosis.lesson);
  for (const auto& [exercise, met] : that_meet(diagnosis, mutants)) {
    text += fmt::format("`{}` meets it when it\n\n", exercise);
    for (const auto* mutant : met) {
      text += fmt::format("- {} ([{}](../grader/mutants/{}/{}.patch))\n", mutant->what, mutant->name,
                          exercise, mutant->name);
    }
    text += '\n';
  }
  text += "<details><summary>Hints</summary>\n\n";
  for (std::size_t i = 0; i < diagnosis.hints.size(); ++i)
    text += fmt::format("{}. {}\n", i + 1, diagnosis.hints.at(i));
  return text + "\n</details>\n\n";
}

}  // namespace

std::string diagnoses_page(const std::map<std::string, Diagnosis>& diagnoses,
                           const std::vector<Mutant>& mutants) {
  std::string text =
      "# What a verdict can say\n\n"
      "Made by `./course diagnoses --markdown` from `grader/report/diagnoses.toml` and `grader/mutants/`: do "
      "not "
      "edit it here.\n\n"
      "Each diagnosis has a name that stays. A verdict adds what was expected and what was observed, with "
      "topic, "
      "partition and offset. The hints go from vague to nearly the answer: open them one at a time, and "
      "think in "
      "between.\n\n";
  std::string group;
  for (const auto& diagnosis : in_order(diagnoses)) {
    if (diagnosis.group != group) text += fmt::format("## {}\n\n", diagnosis.group);
    group = diagnosis.group;
    text += section(diagnosis, mutants);
  }
  text.pop_back();  // the file ends with one end of line
  return text;
}

std::string to_text(const Diagnosis& diagnosis, const std::vector<Mutant>& mutants) {
  std::string text = fmt::format("{}\n{}\n\n", diagnosis.name, wrapped(diagnosis.happened, 2));
  for (const auto& [label, words] :
       {std::pair{"why", diagnosis.why}, {"next", diagnosis.next}, {"read", diagnosis.lesson}}) {
    text += fmt::format("  {:<6}{}\n", label, wrapped(words, 8).substr(8));
  }
  for (const auto& [exercise, met] : that_meet(diagnosis, mutants)) {
    text += fmt::format("\n  {} meets it when it\n", exercise);
    for (const auto* mutant : met) text += fmt::format("    - {} ({})\n", mutant->what, mutant->name);
  }
  return text;
}

}  // namespace grader
