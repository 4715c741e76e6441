// course hint: one more hint each time, fitted to what the last grade saw.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "learner/help_given.hpp"
#include "learner/hints.hpp"
#include "learner/standing.hpp"
#include "report/verdict_text.hpp"
#include "tool/commands.hpp"
#include "tool/hint_view.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

std::vector<Verdict> verdicts_of(const Paths& paths, const std::string& exercise) {
  auto verdicts = newest_verdicts(paths);
  std::erase_if(verdicts, [&](const Verdict& one) { return one.exercise != exercise; });
  return verdicts;
}

/// The next hint, of which the record takes note. When all have been given, all of them again.
nlohmann::json next_hint(const Paths& paths, const CourseTable& course, const std::string& name) {
  const auto diagnoses = load_diagnoses(paths.root / "grader/report/diagnoses.toml");
  const Exercise& exercise = exercise_named(course, name);
  const auto hints = hints_for(exercise, verdicts_of(paths, name), diagnoses);
  nlohmann::json out{
      {"exercise", name}, {"subject", hints.subject}, {"about", hints.about}, {"of", hints.texts.size()}};
  if (hints.texts.empty()) return out;
  HelpGiven help(paths.state / "help.json");
  const auto given = help.hints_given(name, hints.subject);
  if (given < hints.texts.size()) {
    help.note_hint(name, hints.subject);
    out["number"] = given + 1;
    out["hints"] = {hints.texts[given]};
  } else {
    out["hints"] = hints.texts;
  }
  return out;
}

}  // namespace

std::string hint_view(const Paths& paths, const CourseTable& course, const std::string& exercise,
                      const Terminal& terminal) {
  const auto hint = next_hint(paths, course, exercise);
  std::string text = terminal.strong(exercise) + '\n' + wrapped(hint.at("about"), 2, terminal.width()) + '\n';
  if (!hint.contains("hints")) return text;
  const bool again = !hint.contains("number");
  std::size_t number = again ? 1 : hint.at("number").get<std::size_t>();
  for (const std::string one : hint.at("hints")) {
    text += fmt::format("\n  {}\n{}\n",
                        terminal.notable(fmt::format("hint {} of {}", number++, hint.at("of").get<int>())),
                        wrapped(one, 2, terminal.width()));
  }
  if (again)
    text += fmt::format("\nThat is all there is. One way to do it: ./course solution {}\n", exercise);
  return text;
}

void add_hint_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("hint", "one more hint, fitted to your last verdict: ./course hint produce_event");
  auto name = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  command->add_option("exercise", *name, "which one; the next open one if none is named");
  command->add_flag("--json", *json, "print it as JSON");
  command->callback([name, json, &exit_code] {
    const Paths paths = Paths::of_this_checkout();
    const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
    if (name->empty()) {
      const auto list = standings(paths, course);
      const auto next = std::ranges::find_if(
          list, [](const Standing& one) { return !one.passed() && !one.exercise->worked_example; });
      if (next == list.end())
        throw std::invalid_argument("every exercise has passed: there is nothing to hint at");
      *name = next->exercise->name;
    }
    if (*json) {
      fmt::print("{}\n", next_hint(paths, course, *name).dump(2));
    } else {
      fmt::print("{}", hint_view(paths, course, *name, Terminal()));
    }
    exit_code = 0;
  });
}

}  // namespace grader
