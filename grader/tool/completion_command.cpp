// course completion: what a shell needs to complete course's words. The shells' scripts ask `course
// complete`.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "grading/check_list.hpp"
#include "harness/paths.hpp"
#include "harness/text_file.hpp"
#include "report/course_table.hpp"
#include "report/diagnoses.hpp"
#include "tool/commands.hpp"

namespace grader {
namespace {

const std::set<std::string> shells{"bash", "fish", "zsh"};

/// What can stand for a command's arguments, besides options.
std::vector<std::string> names_for(const std::string& command) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  std::vector<std::string> names;
  if (command == "run") {
    for (const auto& program : course.programs) names.push_back(program.name);
  } else if (command == "diagnoses") {
    for (const auto& [name, unused] : load_diagnoses(paths.root / "grader/report/diagnoses.toml"))
      names.push_back(name);
  } else if (command == "completion") {
    names.assign(shells.begin(), shells.end());
  } else {
    static const std::vector<std::string> of_exercises{"grade", "watch",    "hint",   "reset",
                                                       "diff",  "solution", "mutant", "selftest"};
    if (std::ranges::find(of_exercises, command) == of_exercises.end()) return names;
    for (const auto& exercise : course.exercises) names.push_back(exercise.name);
    if (command != "grade") return names;
    for (const auto& phase : course.phases) names.push_back(std::to_string(phase.number));
    for (const auto& check : list_checks(paths, course)) names.push_back(check.exercise + '.' + check.name);
  }
  return names;
}

/// What the last of `words`, which is not finished, can become; `words` begin after the program's name.
std::vector<std::string> candidates(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  std::size_t depth = 0;
  for (; depth + 1 < words.size(); ++depth) {
    const auto deeper =
        command->get_subcommands([&](const CLI::App* one) { return one->get_name() == words[depth]; });
    if (deeper.empty()) break;
    command = deeper.front();
  }
  const std::string last = words.empty() ? "" : words.back();
  std::vector<std::string> found;
  if (last.starts_with('-')) {
    for (const auto* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) found.push_back("--" + name);
    }
  } else {
    for (const auto* deeper : command->get_subcommands({})) {
      if (!deeper->get_group().empty()) found.push_back(deeper->get_name());
    }
    if (command != &app) {
      const auto names = names_for(words.front());
      found.insert(found.end(), names.begin(), names.end());
    }
  }
  std::erase_if(found, [&](const std::string& word) { return !word.starts_with(last); });
  return found;
}

}  // namespace

void add_completion_command(CLI::App& app, int& exit_code) {
  auto* prints =
      app.add_subcommand("completion", "completion for your shell: source <(./course completion bash)");
  auto shell = std::make_shared<std::string>();
  prints->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember(shells));
  prints->callback([shell, &exit_code] {
    fmt::print("{}",
               read_text(Paths::of_this_checkout().root / "grader/tool/completion" / ("course." + *shell)));
    exit_code = 0;
  });
  auto* completes = app.add_subcommand("complete", "what the last word can become");
  completes->group("");         // for shells, not for people
  completes->prefix_command();  // the words may look like options
  completes->set_help_flag();
  completes->set_help_all_flag();
  completes->callback([&app, completes, &exit_code] {
    for (const auto& word : candidates(app, completes->remaining())) fmt::print("{}\n", word);
    exit_code = 0;
  });
}

}  // namespace grader
