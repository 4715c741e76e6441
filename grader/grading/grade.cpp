#include "grading/grade.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "grading/second_look.hpp"
#include "harness/broker.hpp"
#include "harness/command.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

std::vector<ExerciseScore> scores_of(const CourseTable& course, const std::vector<Verdict>& verdicts) {
  std::vector<ExerciseScore> scores;
  for (const auto& exercise : course.exercises) {
    std::vector<Verdict> own;
    std::ranges::copy_if(verdicts, std::back_inserter(own),
                         [&](const Verdict& verdict) { return verdict.exercise == exercise.name; });
    if (!own.empty()) scores.push_back(score(exercise, own));
  }
  return scores;
}

std::set<std::string> exercises_of(const std::vector<CheckId>& checks) {
  std::set<std::string> exercises;
  for (const auto& check : checks) exercises.insert(check.exercise);
  return exercises;
}

std::vector<CheckRun> runs_of(const std::vector<CheckId>& checks, const std::string& answers,
                              bool explore_all) {
  std::vector<CheckRun> runs;
  for (const auto& check : checks)
    runs.push_back({.check = check, .answers = answers, .explore_all = explore_all});
  return runs;
}

}  // namespace

std::string fresh_seed() {
  return fmt::format("{:08x}", std::random_device{}());
}

Grade grade(const Paths& paths, const CourseTable& course, const GradeOptions& options,
            const GradeProgress& progress, std::stop_token stop) {
  const auto started = std::chrono::steady_clock::now();
  const auto checks = select_checks(list_checks(paths, course), course, options.wanted);
  fs::create_directories(options.results);

  progress.phase("compiling");
  auto answers = options.answers;
  answers.programs = course.programs_of(exercises_of(checks));
  build_answers(paths, course, {answers});
  const fs::path broker = paths.state / (options.submission ? "grading-broker" : "broker");
  if (std::getenv("KAFKA_BOOTSTRAP_SERVERS") ==
      nullptr) {  // NOLINT(concurrency-mt-unsafe): nobody sets variables
    progress.phase("starting the broker");
    start_broker(paths, broker, {.learner_listener = !options.submission});
  }
  progress.phase("grading");
  const Tier isolation = probe_isolation(paths).tier;
  Grade grade{.answers = options.answers.name,
              .seed = options.seed.empty() ? fresh_seed() : options.seed,
              .course_version = COURSE_VERSION,
              .isolation = to_string(isolation),
              .finished_at = {},
              .seconds = 0,
              .scores = {},
              .verdicts = {}};
  const CheckRunOptions run_options{
      .results = options.results,
      .broker = broker,
      .isolation = isolation,
      .seed = grade.seed,
      .jobs = options.jobs,
      .waits = [&] { progress.phase("waiting for another grade of these answers"); }};
  std::size_t done = 0;
  const auto runs = runs_of(checks, options.answers.name, options.explore_all || options.submission);
  grade.verdicts = run_checks(
      paths, runs, run_options,
      [&](const Verdict& verdict, std::size_t) { progress.verdict(verdict, ++done, checks.size()); }, stop);
  if (options.submission) look_again(paths, course, runs, run_options, grade.verdicts, stop);
  grade.scores = scores_of(course, grade.verdicts);
  grade.finished_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now()));
  grade.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return grade;
}

}  // namespace grader
