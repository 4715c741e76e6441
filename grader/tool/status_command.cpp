// course, without a command: where the learner stands, and what is next.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "harness/paths.hpp"
#include "learner/journal.hpp"
#include "learner/standing.hpp"
#include "tool/commands.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

/// "12 minutes ago"
std::string ago(std::chrono::seconds time) {
  const auto count = time.count();
  const auto in = [](std::int64_t number, const char* unit) {
    return fmt::format("{} {}{} ago", number, unit, number == 1 ? "" : "s");
  };
  if (count < 60) return in(count, "second");
  if (count < 3600) return in(count / 60, "minute");
  if (count < 86400) return in(count / 3600, "hour");
  return in(count / 86400, "day");
}

/// Twenty places, of which as many are filled as there are exercises passed.
std::string bar(std::size_t passed, std::size_t all) {
  const std::size_t filled = all == 0 ? 0 : passed * 20 / all;
  return '[' + std::string(filled, '#') + std::string(20 - filled, '.') + ']';
}

std::string in_a_line(const Standing& standing, const Journal& journal, const Terminal& terminal) {
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
  if (!standing.last_failure.empty()) text += ": " + standing.last_failure;
  if (journal.solution_seen(score.exercise)) text += terminal.faint("  (solution seen)");
  if (standing.edited_since) text += terminal.notable("  (edited since)");
  return text + '\n';
}

int show_status(bool json) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  const auto list = standings(paths, course);
  const auto* next = next_of(list);
  const Journal journal(paths.state / "journal.json");
  if (json) {
    nlohmann::json out{{"schema", 1}, {"exercises", nlohmann::json::array()}, {"next", nullptr}};
    for (const auto& one : list) {
      out["exercises"].push_back(
          {{"exercise", one.exercise->name},
           {"phase", one.exercise->phase},
           {"verdict", one.score ? nlohmann::json(to_string(one.score->status)) : nlohmann::json(nullptr)},
           {"diagnosis",
            one.last_failure.empty() ? nlohmann::json(nullptr) : nlohmann::json(one.last_failure)},
           {"edited_since", one.edited_since},
           {"solution_seen", journal.solution_seen(one.exercise->name)},
           {"score",
            one.score && one.score->points ? nlohmann::json(*one.score->points) : nlohmann::json(nullptr)},
           {"maximum", one.exercise->points}});
    }
    if (next != nullptr)
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
    fmt::print("{}", in_a_line(standing, journal, terminal));
  }
  const auto passed = static_cast<std::size_t>(std::ranges::count_if(list, &Standing::passed));
  const auto graded = since_last_grade(paths);
  fmt::print("\n{} {} of {} exercises passed{}\n", bar(passed, list.size()), passed, list.size(),
             graded ? "; last graded " + ago(*graded) : "");
  if (next == nullptr) {
    fmt::print("{}\n", terminal.good("All done."));
  } else {
    fmt::print(
        "Next: {}\n  edit   {}\n  read   phases/{}/README.md\n  grade  ./course grade {}\n  stuck  ./course "
        "hint {}\n",
        next->exercise->title, place_of_todo(paths, *next->exercise), next->exercise->folder,
        next->exercise->name, next->exercise->name);
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
