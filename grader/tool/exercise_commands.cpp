// course reset, diff and solution: an exercise's file beside its skeleton and the reference.

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"
#include "learner/help_given.hpp"
#include "learner/standing.hpp"
#include "tool/commands.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

struct Files {
  Paths paths = Paths::of_this_checkout();
  CourseTable course = CourseTable::load(paths.root / "grader/exercises.toml");
  const Exercise& exercise;
  fs::path learners = paths.root / "phases" / exercise.source();
  fs::path skeleton = paths.root / "grader/skeletons" / exercise.source();
  fs::path solution = paths.root / "solutions" / exercise.source();

  explicit Files(const std::string& name) : exercise(exercise_named(course, name)) {}

  [[nodiscard]] std::string shown(const fs::path& file) const { return fs::relative(file, paths.root); }
};

int reset(const std::string& name) {
  const Files files(name);
  if (fs::exists(files.learners) && read_text(files.learners) == read_text(files.skeleton)) {
    fmt::print("{} is the skeleton already.\n", files.shown(files.learners));
    return 0;
  }
  if (fs::exists(files.learners)) {
    const fs::path kept =
        files.paths.state / "kept" /
        fmt::format("{}.{:%Y%m%d-%H%M%S}.cpp", name,
                    fmt::localtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
    fs::create_directories(kept.parent_path());
    fs::copy_file(files.learners, kept, fs::copy_options::overwrite_existing);
    fmt::print("Your version is kept: {}\n", files.shown(kept));
  }
  write_if_changed(files.learners, read_text(files.skeleton));
  fmt::print("{} is the skeleton again.\n", files.shown(files.learners));
  return 0;
}

int diff(const std::string& name) {
  const Files files(name);
  const Terminal terminal;
  const auto result =
      run_command({"diff", "--unified", terminal.colours() ? "--color=always" : "--color=never", "--label",
                   "skeleton", files.skeleton, "--label", files.shown(files.learners), files.learners});
  if (result.exit_code > 1) throw InfraError(result.output);
  fmt::print("{}", result.exit_code == 0
                       ? fmt::format("{} is the skeleton still.\n", files.shown(files.learners))
                       : result.output);
  return 0;
}

bool says_yes(const std::string& question) {
  fmt::print("{} [y/N] ", question);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

int solution(const std::string& name, bool sure) {
  const Files files(name);
  if (!sure && !files.exercise.worked_example) {
    if (isatty(STDIN_FILENO) == 0)
      throw std::invalid_argument("this asks whether you are sure; where nobody can answer, --yes says so");
    if (!says_yes(fmt::format("Reading one way to do {} takes the finding of your own. Show it?", name)) ||
        !says_yes("./course hint may be enough. Really show it?")) {
      fmt::print("Not shown.\n");
      return 0;
    }
  }
  HelpGiven(files.paths.state / "help.json").note_solution(name);
  fmt::print("{}", read_text(files.solution));
  return 0;
}

}  // namespace

void add_exercise_commands(CLI::App& app, int& exit_code) {
  auto name = std::make_shared<std::string>();
  const auto add = [&](const char* command_name, const char* what) {
    auto* command = app.add_subcommand(command_name, what);
    command->add_option("exercise", *name, "which one: produce_event, for example")->required();
    return command;
  };
  add("reset", "an exercise's file back to the skeleton; your version is kept")->callback([name, &exit_code] {
    exit_code = reset(*name);
  });
  add("diff", "what you have written, against the skeleton")->callback([name, &exit_code] {
    exit_code = diff(*name);
  });
  auto* shows = add("solution", "one way to do it; asks twice");
  auto sure = std::make_shared<bool>(false);
  shows->add_flag("--yes", *sure, "do not ask");
  shows->callback([name, sure, &exit_code] { exit_code = solution(*name, *sure); });
}

}  // namespace grader
