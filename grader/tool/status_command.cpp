// course, without a command: where the learner stands, and what is next.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "harness/paths.hpp"
#include "learner/help_given.hpp"
#include "learner/standing.hpp"
#include "predictions/journal.hpp"
#include "predictions/question.hpp"
#include "predictions/reflection.hpp"
#include "tool/commands.hpp"
#include "tool/reflect.hpp"
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

std::string in_a_line(const Standing& standing, const HelpGiven& help, const Terminal& terminal) {
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
  if (help.solution_seen(score.exercise)) text += terminal.faint("  (solution seen)");
  if (standing.edited_since) text += terminal.notable("  (edited since)");
  return text + '\n';
}

/// The questions beside the exercises, and which of them the learner has answered.
struct Answers {
  struct Answer {
    std::string question;
    int phase = 0;
    bool given = false;
  };
  std::vector<Answer> predictions{};
  std::vector<Answer> reflections{};
  std::string trouble{};  ///< Why there are none to show, if so.
};

/// A file of questions is there to be edited. An error in it is told, and nothing else suffers from it.
Answers answers_of(const Paths& paths) {
  Answers answers;
  try {
    const Journal journal(paths.state);
    for (const auto& question : all_questions(paths.root))
      answers.predictions.push_back(
          {.question = question.name, .phase = question.phase, .given = journal.is_settled(question.name)});
    for (const auto& question : load_reflection(paths.root))
      answers.reflections.push_back({.question = question.name,
                                     .phase = reflection_phase,
                                     .given = journal.reflection(question.name).has_value()});
  } catch (const std::exception& error) {
    answers.trouble = error.what();
  }
  return answers;
}

nlohmann::json to_json(const std::vector<Answers::Answer>& answers, const char* given) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& one : answers)
    list.push_back({{"question", one.question}, {"phase", one.phase}, {given, one.given}});
  return list;
}

/// "predictions  2 of 7 made", of one phase; nothing if it has no questions.
std::string in_a_line(const std::vector<Answers::Answer>& answers, int phase, const char* what,
                      const char* given, const Terminal& terminal) {
  const auto own = [&](const Answers::Answer& one) { return one.phase == phase; };
  const auto all = std::ranges::count_if(answers, own);
  if (all == 0) return "";
  const auto done =
      std::ranges::count_if(answers, [&](const Answers::Answer& one) { return own(one) && one.given; });
  return fmt::format("  {} {:<26}{}\n", done == all ? terminal.good("✓") : terminal.faint("·"), what,
                     done == 0 ? terminal.faint(fmt::format("{} to be {}", all, given))
                               : fmt::format("{} of {} {}", done, all, given));
}

int show_status(bool json) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  const auto list = standings(paths, course);
  const auto* next = next_of(list);
  const HelpGiven help(paths.state / "help.json");
  const auto answers = answers_of(paths);
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
           {"solution_seen", help.solution_seen(one.exercise->name)},
           {"score",
            one.score && one.score->points ? nlohmann::json(*one.score->points) : nlohmann::json(nullptr)},
           {"maximum", one.exercise->points}});
    }
    out["predictions"] = to_json(answers.predictions, "settled");
    out["reflections"] = to_json(answers.reflections, "answered");
    if (next != nullptr)
      out["next"] = {{"exercise", next->exercise->name}, {"place", place_of_todo(paths, *next->exercise)}};
    fmt::print("{}\n", out.dump(2));
    return 0;
  }
  const Terminal terminal;
  int phase = -1;
  const auto show_predictions = [&] {
    fmt::print("{}", in_a_line(answers.predictions, phase, "predictions", "made", terminal));
  };
  for (const auto& standing : list) {
    if (standing.exercise->phase != phase) {
      show_predictions();
      phase = standing.exercise->phase;
      fmt::print("{}\n",
                 terminal.strong(fmt::format(
                     "Phase {}: {}", phase, std::ranges::find(course.phases, phase, &Phase::number)->title)));
    }
    fmt::print("{}", in_a_line(standing, help, terminal));
  }
  show_predictions();
  for (const auto& one : answers.predictions) {  // those of phases without exercises
    if (one.phase == phase ||
        std::ranges::find(course.phases, one.phase, &Phase::number) != course.phases.end())
      continue;
    phase = one.phase;
    fmt::print("{}\n", terminal.strong(fmt::format("Phase {}", phase)));
    show_predictions();
  }
  if (!answers.reflections.empty())
    fmt::print("{}\n{}", terminal.strong(fmt::format("Phase {}: Reflection", reflection_phase)),
               in_a_line(answers.reflections, reflection_phase, "questions", "answered", terminal));
  if (!answers.trouble.empty()) fmt::print("{}\n", terminal.notable("predictions: " + answers.trouble));
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
