// course, without a command: where the learner stands, and what is next.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "harness/paths.hpp"
#include "report/score.hpp"
#include "tool/commands.hpp"
#include "tool/grade_view.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

/// File and line of an exercise's TODO(human), as a terminal can click on; the file alone without one.
std::string place_of_todo(const Paths& paths, const Exercise& exercise) {
  const fs::path file = fs::path("phases") / exercise.source();
  std::ifstream lines(paths.root / file);
  int number = 1;
  for (std::string line; std::getline(lines, line); ++number) {
    if (line.find("TODO(human)") != std::string::npos) return fmt::format("{}:{}", file.string(), number);
  }
  return file.string();
}

struct Standing {
  const Exercise* exercise = nullptr;
  std::optional<ExerciseScore> score;  ///< Absent if it was never graded.
  bool edited_since = false;
};

std::vector<Standing> standings(const Paths& paths, const CourseTable& course) {
  const fs::path file = paths.state / "results/phases/verdicts.json";
  const auto verdicts = remembered_verdicts(file);
  std::vector<Standing> list;
  for (const auto& exercise : course.exercises) {
    std::vector<Verdict> own;
    std::ranges::copy_if(verdicts, std::back_inserter(own),
                         [&](const Verdict& one) { return one.exercise == exercise.name; });
    Standing standing{.exercise = &exercise, .score = std::nullopt};
    if (!own.empty()) {
      standing.score = score(exercise, own);
      std::error_code ignored;
      standing.edited_since = fs::last_write_time(paths.root / "phases" / exercise.source(), ignored) >
                              fs::last_write_time(file, ignored);
    }
    list.push_back(std::move(standing));
  }
  return list;
}

std::string in_a_line(const Standing& standing, const Terminal& terminal) {
  if (!standing.score)
    return fmt::format("  {} {:<26}{}\n", terminal.faint("·"), standing.exercise->name,
                       terminal.faint("not graded yet"));
  const auto& score = *standing.score;
  const bool passed = score.status == Status::passed;
  std::string text =
      fmt::format("  {} {:<26}", passed ? terminal.good("✓") : terminal.bad("✗"), score.exercise);
  text += passed ? terminal.good("passed") : terminal.bad(to_string(score.status));
  if (!passed && score.checks > 0 && score.passed > 0)
    text += fmt::format(", {} of {} checks", score.passed, score.checks);
  if (standing.edited_since) text += terminal.notable("  (edited since)");
  return text + '\n';
}

int show_status(bool json) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  const auto list = standings(paths, course);
  const auto next = std::ranges::find_if(
      list, [](const Standing& one) { return !one.score || one.score->status != Status::passed; });
  if (json) {
    nlohmann::json out{{"schema", 1}, {"exercises", nlohmann::json::array()}, {"next", nullptr}};
    for (const auto& one : list) {
      out["exercises"].push_back(
          {{"exercise", one.exercise->name},
           {"phase", one.exercise->phase},
           {"verdict", one.score ? nlohmann::json(to_string(one.score->status)) : nlohmann::json(nullptr)},
           {"edited_since", one.edited_since},
           {"score",
            one.score && one.score->points ? nlohmann::json(*one.score->points) : nlohmann::json(nullptr)},
           {"maximum", one.exercise->points}});
    }
    if (next != list.end())
      out["next"] = {{"exercise", next->exercise->name}, {"place", place_of_todo(paths, *next->exercise)}};
    fmt::print("{}\n", out.dump(2));
    return 0;
  }
  const Terminal terminal;
  int phase = -1;
  for (const auto& standing : list) {
    if (standing.exercise->phase != phase) {
      phase = standing.exercise->phase;
      fmt::print("{}\n",
                 terminal.strong(fmt::format(
                     "Phase {}: {}", phase, std::ranges::find(course.phases, phase, &Phase::number)->title)));
    }
    fmt::print("{}", in_a_line(standing, terminal));
  }
  const auto passed = std::ranges::count_if(
      list, [](const Standing& one) { return one.score && one.score->status == Status::passed; });
  fmt::print("\n{} of {} exercises passed.\n", passed, list.size());
  if (next == list.end()) {
    fmt::print("{}\n", terminal.good("All done."));
  } else {
    fmt::print("Next: {}\n  edit   {}\n  read   phases/{}/README.md\n  grade  ./course grade {}\n",
               next->exercise->title, place_of_todo(paths, *next->exercise), next->exercise->folder,
               next->exercise->name);
  }
  return 0;
}

}  // namespace

void add_status_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("status", "where you stand and what is next; also what ./course alone shows");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "print it as JSON");
  command->callback([json, &exit_code] { exit_code = show_status(*json); });
  app.final_callback([&app, &exit_code] {
    if (app.get_subcommands().empty()) exit_code = show_status(false);
  });
}

}  // namespace grader
