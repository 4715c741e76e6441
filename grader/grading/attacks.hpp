#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "grading/run_checks.hpp"
#include "harness/isolation.hpp"

namespace grader {

/// A program that wants points it has not earned, or to do harm: grader/attacks/EXERCISE/NAME.cpp, a whole
/// exercise file. Its first lines say what it tries, and what must be there to stop it:
///
///   // what: ends with exit code 0 before anything was sent
///   // tier: process-group
///   // checks: arrives_exactly_as_sent
///
/// `checks` are those that it may try to pass; none must. One that shall be stopped by not being compiled
/// has a line "// compiles: no" as well: of all others, that would say nothing. In its text @ROOT@ stands for
/// the checkout,
/// @STATE@ for .course, and @LEARNER_PORT@, @CONTROLLER_PORT@, @BROKER_PID@ for what they say: attackers
/// know all that. What it gets hold of it says on stderr, as "course-attack: …"; what it makes (files,
/// topics, processes) has names with "course-attack" in them. NAME.link is a symbolic link to be handed
/// in; the line behind its head is the target.
struct Attack {
  std::string exercise;
  std::string name;
  std::string what;
  Tier tier = Tier::process_group;  ///< The lowest that stops it.
  std::vector<std::string> checks;
  bool compiles = true;  ///< Or is stopped by that.
  std::filesystem::path file;

  [[nodiscard]] std::string set() const { return "attacks/" + exercise + "." + name; }
};

/// All of them, in the order of exercises and names. Throws `std::runtime_error` naming a file whose head
/// is incomplete.
std::vector<Attack> load_attacks(const Paths& paths, const CourseTable& course);

/// What came of an attack.
struct AttackResult {
  enum class Outcome { stopped, not_stoppable_here, fooled, unclear };
  Attack attack;
  Outcome outcome = Outcome::stopped;
  std::vector<Verdict> verdicts{};
  std::vector<std::string> gains{};  ///< What it got without having earned it.
};
std::string to_string(AttackResult::Outcome outcome);

struct AttackReport {
  Tier isolation = Tier::process_group;
  std::vector<AttackResult> results;
  std::vector<std::string> left_behind;  ///< By all of them together.
};

struct AttackOptions {
  std::vector<std::string> wanted{};  ///< Names, or EXERCISE.NAME; all if empty.
  std::filesystem::path results;      ///< For evidence; emptied first.
  std::string seed;
  unsigned jobs = default_jobs();
};

/// Grades every attack as a submission is graded. Those that this machine's isolation can't stop are not
/// run: they would do what they say. Throws `InfraError` when it can't begin, `std::invalid_argument` for a
/// name that does not exist.
AttackReport run_attacks(const Paths& paths, const CourseTable& course, const AttackOptions& options,
                         const std::function<void(const std::string&)>& phase, std::stop_token stop);

}  // namespace grader
