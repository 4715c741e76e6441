// course build: compiles answers for the grader; what CTest's fixture `answers` runs.

#include <fmt/format.h>

#include <cstdlib>

#include "answers/answer_set.hpp"
#include "tool/commands.hpp"

namespace grader {
namespace {

int run_build(const std::string& set) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  build_answers(paths, course, {AnswerSet::of_folder(set, paths.root / set, course)});
  for (const auto& exercise : course.exercises) {
    const auto errors = compiler_errors(paths, set, exercise);
    if (!errors.empty())
      fmt::print("{} does not compile; its checks will say so:\n{}\n", exercise.name, first_error(errors));
  }
  return 0;
}

}  // namespace

void add_build_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("build", "compile your files for the grader");
  auto set = std::make_shared<std::string>("phases");
  command->add_option("--answers", *set, "phases or solutions")
      ->envname("COURSE_ANSWERS")
      ->check(CLI::IsMember({"phases", "solutions"}))
      ->capture_default_str();
  command->callback([set, &exit_code] { exit_code = run_build(*set); });
}

}  // namespace grader
