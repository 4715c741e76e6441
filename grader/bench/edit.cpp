// From saving one exercise's file to its verdict.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "answers/answer_set.hpp"
#include "bench/scene.hpp"
#include "grading/check_list.hpp"
#include "grading/grade.hpp"
#include "grading/run_checks.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// A copy of the solutions that may be changed.
class Draft {
 public:
  Draft(const Scene& scene, const CourseTable& course)
      : paths_(scene.paths), course_(course), folder_(scene.paths.state / "draft") {
    fs::remove_all(folder_);
    for (const auto& exercise : course.exercises) {
      fs::create_directories((folder_ / exercise.source()).parent_path());
      fs::copy_file(scene.paths.root / "solutions" / exercise.source(), folder_ / exercise.source());
    }
    answers_ = AnswerSet::of_folder("bench-draft", folder_, course);
    build_answers(paths_, course_, {answers_});
  }
  ~Draft() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    fs::remove_all(answers_folder(paths_, answers_.name), ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  [[nodiscard]] const std::string& name() const { return answers_.name; }

  void change(const Exercise& exercise) {
    std::ofstream(folder_ / exercise.source(), std::ios::app) << fmt::format("// change {}\n", ++changes_);
  }

  /// Builds what `course grade EXERCISE` would build.
  void build(const Exercise& exercise) {
    AnswerSet wanted = answers_;
    wanted.programs = course_.programs_of({exercise.name});
    build_answers(paths_, course_, {wanted});
  }

 private:
  const Paths& paths_;
  const CourseTable& course_;
  fs::path folder_;
  AnswerSet answers_;
  int changes_ = 0;
};

struct Series {
  std::vector<double> compiling;
  std::vector<double> core;  // until the core checks' verdicts
  std::vector<double> all;   // until all are there
};

class Edit {
 public:
  Edit(const Scene& scene, const CourseTable& course, Draft& draft) : scene_(scene), draft_(draft) {
    checks_ = list_checks(scene.paths, course);
  }

  void once(const Exercise& exercise, Series& series) {
    draft_.change(exercise);
    const auto saved = Clock::now();
    const auto since = [&saved] { return Seconds(Clock::now() - saved).count(); };
    draft_.build(exercise);
    series.compiling.push_back(since());
    run_part(exercise, "core");
    series.core.push_back(since());
    run_part(exercise, "edge");
    series.all.push_back(since());
  }

  [[nodiscard]] std::string note() const {
    if (not_passed_.empty()) return "";
    return fmt::format("{} verdicts were not \"passed\", such as {}", not_passed_.size(),
                       not_passed_.front());
  }

 private:
  void run_part(const Exercise& exercise, const std::string& part) {
    std::vector<CheckRun> runs;
    for (const auto& check : checks_) {
      if (check.exercise == exercise.name && check.part == part)
        runs.push_back({.check = check, .answers = draft_.name()});
    }
    const auto verdicts = run_checks(
        scene_.paths, runs,
        {.results = scene_.paths.state / "results", .broker = scene_.broker(), .seed = fresh_seed()}, {},
        scene_.stop);
    for (const auto& verdict : verdicts) {
      if (verdict.status != Status::passed) not_passed_.push_back(verdict.exercise + '.' + verdict.check);
    }
  }

  const Scene& scene_;
  Draft& draft_;
  std::vector<CheckId> checks_;
  std::vector<std::string> not_passed_;
};

}  // namespace

Section measure_edit(const Scene& scene) {
  const auto course = CourseTable::load(scene.paths.root / "grader/exercises.toml");
  const BenchBroker broker(scene);
  scene.go_on("compiling the solutions");
  Draft draft(scene, course);
  Edit edit(scene, course, draft);
  Section section{.name = "edit",
                  .title = "From saving one file to its verdict, as many checks side by side as by default"};
  std::vector<double> compiling;
  for (const auto& exercise : course.exercises) {
    if (exercise.worked_example) continue;
    Series series;
    for (unsigned i = 0; i < scene.runs; ++i) {
      scene.go_on(fmt::format("changing {} {}/{}", exercise.name, i + 1, scene.runs));
      edit.once(exercise, series);
    }
    compiling.insert(compiling.end(), series.compiling.begin(), series.compiling.end());
    section.figures.push_back(
        {.name = exercise.name + ", core checks",
         .unit = "s",
         .measured = Summary::of(series.core),
         .aim = Aim{Aim::Kind::at_most, 3},
         .note = fmt::format("compiling {:.1f} s; all checks {:.1f} s", Summary::of(series.compiling)->median,
                             Summary::of(series.all)->median)});
  }
  section.figures.push_back({.name = "of these, compiling and linking",
                             .unit = "s",
                             .measured = Summary::of(compiling),
                             .note = edit.note()});
  return section;
}

}  // namespace grader
