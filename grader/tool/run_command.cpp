// course run: a phase's program with the learner's code in it, pointed at the course's broker.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "answers/answer_set.hpp"
#include "grading/check_list.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "tool/broker_access.hpp"
#include "tool/commands.hpp"

namespace grader {
namespace {

/// Builds `program` of `set` if a file of it has changed. False if an exercise in it does not compile;
/// what the compiler said has been shown then.
bool ensure_built(const Paths& paths, const CourseTable& course, const std::string& set,
                  const PhaseProgram& program) {
  auto answers = AnswerSet::of_folder(set, paths.root / set, course);
  answers.programs = {program.name};
  build_answers(paths, course, {answers});
  bool compiles = true;
  for (const auto& name : program.exercises) {
    const auto errors = compiler_errors(paths, set, course.exercise(name));
    if (errors.empty()) continue;
    fmt::print(stderr, "{} does not compile:\n{}\n", name, errors);
    compiles = false;
  }
  return compiles;
}

const PhaseProgram& find_program(const CourseTable& course, const std::string& name) {
  const auto found = std::ranges::find(course.programs, name, &PhaseProgram::name);
  if (found != course.programs.end()) return *found;
  std::vector<std::string> names;
  for (const auto& program : course.programs) names.push_back(program.name);
  const auto meant = did_you_mean(name, names);
  throw std::invalid_argument(fmt::format("there is no program '{}'{} (programs: {})", name,
                                          meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant),
                                          fmt::join(names, ", ")));
}

int run_program(const std::string& set, std::vector<std::string> words) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  if (words.empty()) throw std::invalid_argument("which program? ./course run produce --help, for one");
  const auto& program = find_program(course, words.front());
  if (!ensure_built(paths, course, set, program)) return 1;
  const auto file = program_path(paths, set, program.name);
  if (access(file.c_str(), X_OK) != 0) throw InfraError("the program " + file.string() + " is missing");
  words.front() = file.string();
  const bool only_help = std::ranges::find(words, "--help") != words.end();
  const std::string servers = only_help ? "" : bootstrap_servers(paths);
  become(words, only_help ? environment_with({}) : environment_with({{"KAFKA_BOOTSTRAP_SERVERS", servers}}));
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("run", "run a phase's program: ./course run produce --topic events");
  auto solutions = std::make_shared<bool>(false);
  command->add_flag("--solutions", *solutions,
                    "with the reference solutions instead of your files; so does COURSE_ANSWERS=solutions");
  command->prefix_command();  // what follows the program's name is the program's
  command->footer("PROGRAM and its arguments follow; PROGRAM --help shows them.");
  command->callback([command, solutions, &exit_code] {
    const bool theirs = *solutions || variable("COURSE_ANSWERS") == "solutions";
    exit_code = run_program(theirs ? "solutions" : "phases", command->remaining());
  });
}

}  // namespace grader
