// course mutant: a wrong implementation of one's own, kept for the selftest.

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "grading/check_list.hpp"
#include "grading/new_mutant.hpp"
#include "report/verdict_text.hpp"
#include "tool/commands.hpp"
#include "tool/interrupt.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

/// Asks on the terminal for what was not given as an option.
void ask_for(std::string& answer, const std::string& question, const char* option) {
  if (!answer.empty()) return;
  if (!Terminal().interactive())
    throw std::invalid_argument(fmt::format("{} give {} (nobody is here to be asked)", question, option));
  fmt::print("{} ", question);
  std::fflush(stdout);
  std::getline(std::cin, answer);
  if (answer.empty()) throw std::invalid_argument("nothing was written: an answer is needed");
}

int run_new_mutant(MutantIdea idea) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  const auto diagnoses = load_diagnoses(paths.root / "grader/report/diagnoses.toml");
  select_checks(list_checks(paths, course), course, {idea.exercise});  // names it, or says which was meant
  if (idea.file.empty()) idea.file = paths.root / "phases" / course.exercise(idea.exercise).source();
  if (!std::filesystem::is_regular_file(idea.file))
    throw std::invalid_argument(fmt::format("there is no file {}", idea.file.string()));
  ask_for(idea.what, "What is wrong with it, in one line?", "--what");
  ask_for(idea.who, "Who makes this mistake, and why?", "--who");
  ask_for(idea.name, "A short name for it (letters, digits, _)?", "--name");

  const Terminal terminal;
  const Interrupt interrupt;
  const auto trial = try_new_mutant(
      paths, course, idea, [&](const std::string& text) { terminal.progress(text); }, interrupt.token());
  terminal.end_progress();
  for (const auto& verdict : trial.verdicts)
    fmt::print("  {:<45} {}\n", verdict.check, to_string(verdict.status));
  const std::string file = std::filesystem::relative(trial.patch, paths.root).string();
  if (!trial.caught) {
    fmt::print(
        "\n{}\nWritten to {}. If it breaks the contract, the grader lacks a check, and this file is the "
        "best contribution there is: send it with the sentence of the contract that it breaks.\n",
        terminal.bad("The grader accepts it."), file);
    return 1;
  }
  fmt::print("\n{}\n\n{}\nWritten to {}; ./course selftest --mutant {} shows it again.\n",
             terminal.good(
                 fmt::format("Caught by {} as {}.", trial.caught->check, trial.caught->finding->diagnosis)),
             to_text(*trial.caught, diagnoses), file, idea.name);
  return 0;
}

}  // namespace

void add_mutant_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("mutant", "wrong implementations, which the grader has to catch");
  command->require_subcommand(1);
  auto* made = command->add_subcommand(
      "new", "make one from a wrong file of yours, and see whether the grader catches it");
  auto idea = std::make_shared<MutantIdea>();
  made->add_option("exercise", idea->exercise, "whose solution it is a change of")->required();
  made->add_option("file", idea->file, "the wrong file; your own file in phases/ if none is named");
  made->add_option("--what", idea->what, "what is wrong with it, in one line");
  made->add_option("--who", idea->who, "who makes this mistake, and why");
  made->add_option("--name", idea->name, "letters, digits and underscores");
  made->callback([idea, &exit_code] { exit_code = run_new_mutant(*idea); });
}

}  // namespace grader
