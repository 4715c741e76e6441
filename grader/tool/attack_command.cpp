// course attack: hostile programs are graded like submissions; none may get what it has not earned.

#include <fmt/format.h>

#include <algorithm>

#include "grading/attacks.hpp"
#include "grading/grade.hpp"
#include "harness/command.hpp"
#include "harness/text_file.hpp"
#include "tool/commands.hpp"
#include "tool/interrupt.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

struct AttackArguments {
  std::vector<std::string> wanted;
  unsigned jobs = default_jobs();
  bool json = false;
};

std::string verdicts_of(const AttackResult& result) {
  std::string text;
  for (const auto& verdict : result.verdicts) {
    text += (text.empty() ? "" : ", ") + to_string(verdict.status);
    if (verdict.finding) text += " (" + verdict.finding->diagnosis + ")";
  }
  return text.empty() ? "not run" : text;
}

nlohmann::json to_json(const AttackReport& report) {
  auto attacks = nlohmann::json::array();
  for (const auto& result : report.results) {
    auto checks = nlohmann::json::array();
    for (const auto& verdict : result.verdicts) checks.push_back(grader::to_json(verdict));
    attacks.push_back({{"exercise", result.attack.exercise},
                       {"attack", result.attack.name},
                       {"what", result.attack.what},
                       {"tier", to_string(result.attack.tier)},
                       {"result", to_string(result.outcome)},
                       {"gains", result.gains},
                       {"checks", std::move(checks)}});
  }
  return {{"isolation", to_string(report.isolation)},
          {"attacks", std::move(attacks)},
          {"left_behind", report.left_behind}};
}

void print(const AttackReport& report, const Terminal& terminal) {
  using enum AttackResult::Outcome;
  std::map<AttackResult::Outcome, int> counts;
  fmt::print("{:<28} {:<21} {:<19} {}\n", "attack", "takes", "result", "verdict");
  for (const auto& result : report.results) {
    ++counts[result.outcome];
    const std::string line =
        fmt::format("{:<28} {:<21} {:<19} {}", result.attack.name, to_string(result.attack.tier),
                    to_string(result.outcome), verdicts_of(result));
    fmt::print("{}\n", result.outcome == fooled || result.outcome == unclear ? terminal.bad(line) : line);
    for (const auto& gain : result.gains) fmt::print("    {}\n", terminal.bad("it got: " + gain));
    for (const auto& verdict : result.verdicts) {
      if (result.outcome == unclear && !verdict.detail.empty()) fmt::print("    {}\n", verdict.detail);
    }
  }
  for (const auto& thing : report.left_behind) fmt::print("{}\n", terminal.bad("left behind: " + thing));
  fmt::print("isolation {}: {} stopped, {} not stoppable here, {} fooled the grader, {} left behind\n",
             to_string(report.isolation), counts[stopped], counts[not_stoppable_here], counts[fooled],
             report.left_behind.size());
}

int run(const AttackArguments& arguments) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  const Terminal terminal;
  const Interrupt interrupt;
  const auto report = run_attacks(
      paths, course,
      {.wanted = arguments.wanted,
       .results = paths.state / "attacks",
       .seed = fresh_seed(),
       .jobs = arguments.jobs},
      [&](const std::string& what) {
        if (!arguments.json) terminal.progress(what + " …");
      },
      interrupt.token());
  terminal.end_progress();
  const std::string json = to_json(report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  if (arguments.wanted.empty()) write_if_changed(paths.state / "attacks.json", json + '\n');
  if (arguments.json) {
    fmt::print("{}\n", json);
  } else {
    print(report, terminal);
  }
  const auto any = [&](AttackResult::Outcome outcome) {
    return std::ranges::find(report.results, outcome, &AttackResult::outcome) != report.results.end();
  };
  if (any(AttackResult::Outcome::fooled) || !report.left_behind.empty()) return 1;
  return any(AttackResult::Outcome::unclear) ? 2 : 0;
}

}  // namespace

void add_attack_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("attack", "grade hostile programs: none may get what it has not earned");
  auto arguments = std::make_shared<AttackArguments>();
  command->add_option("what", arguments->wanted, "attacks (grader/attacks); all if none is named");
  add_jobs_option(*command, arguments->jobs);
  command->add_flag("--json", arguments->json, "print the results as JSON");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace grader
