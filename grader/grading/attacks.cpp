#include "grading/attacks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "grading/check_list.hpp"
#include "grading/head_field.hpp"
#include "grading/leftovers.hpp"
#include "grading/second_look.hpp"
#include "grading/submission.hpp"
#include "harness/broker.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

/// A line "// name: value" in the head of an attack.
std::optional<std::string> optional_field(const fs::path& file, const std::string& name) {
  return head_field(file, "// ", name);
}

std::string field(const fs::path& file, const std::string& name) {
  return required_head_field(file, "// ", name);
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::vector<Attack> select(std::vector<Attack> attacks, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return attacks;
  std::vector<Attack> chosen;
  for (const auto& name : wanted) {
    const auto found = std::ranges::find_if(attacks, [&](const Attack& attack) {
      return name == attack.name || name == attack.exercise + '.' + attack.name;
    });
    if (found == attacks.end()) {
      std::vector<std::string> names;
      for (const auto& attack : attacks) names.push_back(attack.name);
      const std::string meant = did_you_mean(name, names);
      throw std::invalid_argument(fmt::format("there is no attack '{}'{}", name,
                                              meant.empty() ? "" : "; did you mean '" + meant + "'?"));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

/// What attackers know of this machine, by placeholder.
std::map<std::string, std::string> knowledge(const Paths& paths, const fs::path& broker_folder,
                                             const Broker& broker, const Broker& learners_broker) {
  std::smatch found;
  const std::string properties = read_text(broker_folder / "server.properties");
  std::regex_search(properties, found, std::regex("CONTROLLER://127.0.0.1:([0-9]+)"));
  return {{"@ROOT@", paths.root.string()},
          {"@STATE@", paths.state.string()},
          {"@LEARNER_PORT@", std::to_string(learners_broker.learner_port)},
          {"@CONTROLLER_PORT@", found.str(1)},
          {"@BROKER_PID@", std::to_string(broker.java_pid)}};
}

/// A folder as a learner would hand it in: the solutions, with the attack in place of one of them.
fs::path hand_in(const Attack& attack, const Paths& paths, const CourseTable& course,
                 const std::map<std::string, std::string>& known) {
  const fs::path folder = paths.build / "attacks" / (attack.exercise + '.' + attack.name);
  fs::remove_all(folder);
  for (const auto& exercise : course.exercises) {
    fs::create_directories((folder / exercise.source()).parent_path());
    fs::copy_file(paths.root / "solutions" / exercise.source(), folder / exercise.source());
  }
  std::string text = read_text(attack.file);
  for (const auto& [placeholder, value] : known) {
    for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at))
      text.replace(at, placeholder.size(), value);
  }
  const fs::path file = folder / course.exercise(attack.exercise).source();
  fs::remove(file);
  if (attack.file.extension() == ".link") {
    std::string target;
    for (std::istringstream lines(text); std::getline(lines, target) && target.starts_with("//");) {
    }
    fs::create_symlink(target, file);
  } else {
    std::ofstream(file, std::ios::binary) << text;
  }
  return folder;
}

AnswerSet take(const Attack& attack, const Paths& paths, const CourseTable& course,
               const std::map<std::string, std::string>& known) {
  const fs::path copy = paths.build / "submissions" / attack.set();
  auto answers = take_submission(hand_in(attack, paths, course, known), copy, attack.set(), course).answers;
  for (const auto& exercise : course.exercises) {  // the same for all: compiled once
    if (exercise.name != attack.exercise)
      answers.sources[exercise.name] = paths.root / "solutions" / exercise.source();
  }
  answers.programs = course.programs_of({attack.exercise});
  answers.headers = {paths.root / "grader/attacks"};  // where shared/ is
  return answers;
}

/// What an attack says it got hold of, from what its programs wrote to stderr.
std::vector<std::string> boasts(const fs::path& evidence) {
  std::vector<std::string> found;
  if (!fs::exists(evidence)) return found;
  for (const auto& file : fs::recursive_directory_iterator(evidence)) {
    if (file.path().extension() != ".stderr") continue;
    std::ifstream lines(file.path());
    for (std::string line; std::getline(lines, line);) {
      constexpr std::string_view boast = "course-attack: ";
      if (line.starts_with(boast) && std::ranges::find(found, line.substr(boast.size())) == found.end())
        found.push_back(line.substr(boast.size()));
    }
  }
  return found;
}

void judge(AttackResult& result, const fs::path& results) {
  using enum AttackResult::Outcome;
  result.gains = boasts(results / result.attack.set());
  for (const auto& verdict : result.verdicts) {
    if (verdict.status == Status::passed) result.gains.push_back(verdict.check + " passed");
    const bool broken = verdict.status == Status::does_not_compile && result.attack.compiles;
    if (verdict.status == Status::infra_error || broken) result.outcome = unclear;
  }
  if (!result.gains.empty()) result.outcome = fooled;
}

}  // namespace

std::string to_string(AttackResult::Outcome outcome) {
  switch (outcome) {
    case AttackResult::Outcome::stopped:
      return "stopped";
    case AttackResult::Outcome::not_stoppable_here:
      return "not stoppable here";
    case AttackResult::Outcome::fooled:
      return "FOOLED";
    case AttackResult::Outcome::unclear:
      return "unclear";
  }
  return {};
}

std::vector<Attack> load_attacks(const Paths& paths, const CourseTable& course) {
  std::vector<Attack> attacks;
  for (const auto& exercise : course.exercises) {
    std::vector<fs::path> files;
    const fs::path folder = paths.root / "grader/attacks" / exercise.name;
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files) {
      attacks.push_back({.exercise = exercise.name,
                         .name = file.stem(),
                         .what = field(file, "what"),
                         .tier = tier_from(field(file, "tier")),
                         .checks = words(field(file, "checks")),
                         .compiles = optional_field(file, "compiles") != "no",
                         .file = file});
    }
  }
  return attacks;
}

AttackReport run_attacks(const Paths& paths, const CourseTable& course, const AttackOptions& options,
                         const std::function<void(const std::string&)>& phase, std::stop_token stop) {
  const FileLock alone(paths.state / "attacks.lock");
  const auto attacks = select(load_attacks(paths, course), options.wanted);
  const auto checks = list_checks(paths, course);
  const fs::path folder = paths.state / "grading-broker";
  fs::remove_all(options.results);
  fs::create_directories(options.results);

  phase("starting two brokers");
  const Broker broker = start_broker(paths, folder, {.learner_listener = false});
  const Broker learners_broker = start_broker(paths, paths.state / "broker");
  const auto known = knowledge(paths, folder, broker, learners_broker);

  AttackReport report{.isolation = probe_isolation(paths).tier, .results = {}, .left_behind = {}};
  std::vector<AnswerSet> sets;
  std::vector<CheckRun> runs;
  std::vector<std::size_t> owner;  // of each run, among the results
  for (const auto& attack : attacks) {
    AttackResult result{.attack = attack};
    if (attack.tier > report.isolation) result.outcome = AttackResult::Outcome::not_stoppable_here;
    report.results.push_back(std::move(result));
    if (attack.tier > report.isolation) continue;
    sets.push_back(take(attack, paths, course, known));
    for (const auto& name : attack.checks) {
      const auto check = std::ranges::find_if(
          checks, [&](const CheckId& one) { return one.exercise == attack.exercise && one.name == name; });
      if (check == checks.end())
        throw std::runtime_error(fmt::format("{} names the check '{}', which {} does not have",
                                             attack.file.string(), name, attack.exercise));
      runs.push_back({.check = *check, .answers = attack.set(), .explore_all = true});
      owner.push_back(report.results.size() - 1);
    }
  }
  const Leftovers leftovers(paths, {broker, learners_broker});
  phase(fmt::format("compiling {} attacks", sets.size()));
  if (!sets.empty()) build_answers(paths, course, sets);

  const CheckRunOptions run_options{.results = options.results,
                                    .broker = folder,
                                    .isolation = report.isolation,
                                    .seed = options.seed,
                                    .jobs = options.jobs};
  std::size_t done = 0;
  auto verdicts = run_checks(
      paths, runs, run_options,
      [&](const Verdict&, std::size_t) { phase(fmt::format("{}/{} checks", ++done, runs.size())); }, stop);
  if (stop.stop_requested()) throw InfraError("interrupted");
  look_again(paths, course, runs, run_options, verdicts, stop);
  for (std::size_t i = 0; i < runs.size(); ++i) report.results[owner[i]].verdicts.push_back(verdicts[i]);
  for (auto& result : report.results) {
    if (result.outcome == AttackResult::Outcome::stopped) judge(result, options.results);
  }
  report.left_behind = leftovers.found();
  for (const auto* made : {"attacks", "submissions/attacks", "answers/attacks"})
    fs::remove_all(paths.build / made);
  return report;
}

}  // namespace grader
