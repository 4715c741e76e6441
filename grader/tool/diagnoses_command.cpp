// course diagnoses: what a verdict can say, and why.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "grading/check_list.hpp"
#include "grading/diagnoses_page.hpp"
#include "harness/infra_error.hpp"
#include "tool/commands.hpp"

namespace grader {
namespace {

struct DiagnosesArguments {
  std::string name;
  bool json = false;
  bool markdown = false;
};

nlohmann::json to_json(const std::vector<Diagnosis>& diagnoses, const std::vector<Mutant>& mutants) {
  nlohmann::json json = nlohmann::json::array();
  for (const auto& diagnosis : diagnoses) {
    nlohmann::json met = nlohmann::json::array();
    for (const auto& mutant : mutants) {
      if (mutant.diagnosis == diagnosis.name)
        met.push_back({{"exercise", mutant.exercise}, {"mutant", mutant.name}, {"what", mutant.what}});
    }
    json.push_back({{"name", diagnosis.name},
                    {"group", diagnosis.group},
                    {"happened", diagnosis.happened},
                    {"why", diagnosis.why},
                    {"next", diagnosis.next},
                    {"lesson", diagnosis.lesson},
                    {"hints", diagnosis.hints},
                    {"met_by", met}});
  }
  return json;
}

/// The one that is wanted, or all of them in order.
std::vector<Diagnosis> chosen(const std::map<std::string, Diagnosis>& diagnoses, const std::string& name) {
  if (name.empty()) return in_order(diagnoses);
  if (const auto found = diagnoses.find(name); found != diagnoses.end()) return {found->second};
  std::vector<std::string> names;
  for (const auto& [known, unused] : diagnoses) names.push_back(known);
  const std::string meant = did_you_mean(name, names);
  throw std::invalid_argument(fmt::format("there is no diagnosis '{}'{}", name,
                                          meant.empty() ? "" : "; did you mean '" + meant + "'?"));
}

void show(const DiagnosesArguments& arguments) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  const auto diagnoses = load_diagnoses(paths.root / "grader/report/diagnoses.toml");
  const auto mutants = load_mutants(paths, course);
  const auto wanted = chosen(diagnoses, arguments.name);
  if (arguments.markdown) {
    const auto file = paths.root / "docs/diagnoses.md";
    std::ofstream out(file);
    out << diagnoses_page(diagnoses, mutants);
    if (!out.flush()) throw InfraError(fmt::format("can't write {}", file.string()));
    fmt::print("docs/diagnoses.md has {} diagnoses\n", diagnoses.size());
  } else if (arguments.json) {
    fmt::print("{}\n", to_json(wanted, mutants).dump(2));
  } else if (!arguments.name.empty()) {
    fmt::print("{}", to_text(wanted.front(), mutants));
  } else {
    std::string group;
    for (const auto& diagnosis : wanted) {
      if (diagnosis.group != group) fmt::print("{}{}\n", group.empty() ? "" : "\n", diagnosis.group);
      group = diagnosis.group;
      fmt::print("  {:<42}{}\n", diagnosis.name, diagnosis.happened);
    }
  }
}

}  // namespace

void add_diagnoses_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("diagnoses", "what a verdict can say, and why");
  auto arguments = std::make_shared<DiagnosesArguments>();
  command->add_option("name", arguments->name, "one of them, in full; all, a line each, if none is named");
  command->add_flag("--json", arguments->json, "print as JSON, with the hints");
  command->add_flag("--markdown", arguments->markdown, "write docs/diagnoses.md");
  command->callback([arguments, &exit_code] {
    show(*arguments);
    exit_code = 0;
  });
}

}  // namespace grader
