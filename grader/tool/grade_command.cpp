// course grade: builds, grades, and says where the learner stands.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "grading/grade.hpp"
#include "grading/submission.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"
#include "learner/standing.hpp"
#include "report/verdict_text.hpp"
#include "tool/commands.hpp"
#include "tool/grade_view.hpp"
#include "tool/interrupt.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

struct GradeArguments {
  std::vector<std::string> wanted;
  bool solutions = false;
  bool json = false;
  bool all_points = false;
  std::string seed;
  unsigned jobs = default_jobs();
  std::string submission;
  std::string results;
};

int run_grade(const GradeArguments& arguments) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  const auto diagnoses = load_diagnoses(paths.root / "grader/report/diagnoses.toml");
  const std::string set = arguments.solutions ? "solutions" : "phases";
  const fs::path results = paths.state / "results";
  const Terminal terminal;
  const Interrupt interrupt;

  Grade graded = grade(paths, course,
                       {.answers = AnswerSet::of_folder(set, paths.root / set, course),
                        .results = results,
                        .wanted = arguments.wanted,
                        .seed = arguments.seed,
                        .jobs = arguments.jobs,
                        .explore_all = arguments.all_points},
                       arguments.json ? GradeProgress{} : progress_on(terminal), interrupt.token());
  terminal.end_progress();
  if (interrupt.token().stop_requested()) throw InfraError("interrupted; nothing was recorded");
  record_grade(paths, graded, diagnoses);
  if (arguments.json) {
    fmt::print("{}\n", to_json(graded, diagnoses).dump(2));
  } else {
    fmt::print("{}", view(graded, course, diagnoses, terminal));
  }
  return exit_code_of(graded);
}

/// Grades somebody else's folder and leaves the results in another.
int run_submission(const GradeArguments& arguments) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  const auto diagnoses = load_diagnoses(paths.root / "grader/report/diagnoses.toml");
  const Terminal terminal;
  const Interrupt interrupt;
  const fs::path results = fs::absolute(arguments.results);
  fs::create_directories(results);
  const std::string name = "submission-" + fresh_seed();  // several may be graded at once
  const auto submission =
      take_submission(arguments.submission, paths.build / "submissions" / name, name, course);

  Grade graded = grade(paths, course,
                       {.answers = submission.answers,
                        .results = results / "evidence",
                        .wanted = arguments.wanted,
                        .seed = arguments.seed,
                        .jobs = arguments.jobs,
                        .submission = true},
                       arguments.json ? GradeProgress{} : progress_on(terminal), interrupt.token());
  terminal.end_progress();
  fs::remove_all(paths.build / "submissions" / name);
  fs::remove_all(answers_folder(paths, name));
  if (interrupt.token().stop_requested()) throw InfraError("interrupted; no results were written");
  auto json = to_json(graded, diagnoses);
  json["notes"] = submission.notes;
  write_if_changed(results / "results.json", json.dump(2) + '\n');
  write_if_changed(results / "junit.xml", to_junit(graded, diagnoses));
  write_if_changed(results / "summary.md", to_markdown(graded, diagnoses));
  if (arguments.json) {
    fmt::print("{}\n", json.dump(2));
  } else {
    for (const auto& note : submission.notes) fmt::print("note: {}\n", note);
    fmt::print("{}\nResults: {}\n", view(graded, course, diagnoses, terminal),
               (results / "results.json").string());
  }
  return exit_code_of(graded);
}

}  // namespace

void add_grade_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "grade", "grade your files, or a part: ./course grade 2, ./course grade produce_event");
  auto arguments = std::make_shared<GradeArguments>();
  command->add_option("what", arguments->wanted,
                      "phases (2, phase2), exercises (produce_event) or checks (EXERCISE.CHECK)");
  command->add_flag("--solutions", arguments->solutions, "grade the reference solutions instead");
  command->add_option("--seed", arguments->seed,
                      "repeat a run: the same names, keys, payloads and crash points");
  command->add_flag("--all-points", arguments->all_points,
                    "crash your program at every point, not at one of each kind");
  command->add_flag("--json", arguments->json, "print the results as JSON");
  add_jobs_option(*command, arguments->jobs);
  auto* submission =
      command->add_option("--submission", arguments->submission, "grade somebody else's folder instead");
  auto* results = command->add_option("--results", arguments->results,
                                      "where its results.json, junit.xml and evidence go");
  submission->needs(results);
  results->needs(submission);
  command->callback([arguments, &exit_code] {
    exit_code = arguments->submission.empty() ? run_grade(*arguments) : run_submission(*arguments);
  });
}

}  // namespace grader
