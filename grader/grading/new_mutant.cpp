#include "grading/new_mutant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <stdexcept>

#include "grading/grade.hpp"
#include "grading/mutants.hpp"
#include "grading/run_checks.hpp"
#include "harness/broker.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

/// The difference as it stands in a patch on the solution.
std::string difference(const Paths& paths, const Exercise& exercise, const fs::path& file) {
  const fs::path solution = fs::path("solutions") / exercise.source();
  const auto result =
      run_command({"diff", "-U2", "--label", "a/" + solution.string(), "--label", "b/" + solution.string(),
                   (paths.root / solution).string(), file.string()});
  if (result.exit_code == 0)
    throw std::invalid_argument(fmt::format("{} is the solution itself", file.string()));
  if (result.exit_code != 1)
    throw std::invalid_argument(fmt::format("{} can't be compared: {}", file.string(), result.output));
  return result.output;
}

void write_patch(const fs::path& file, const MutantIdea& idea, const std::string& check,
                 const std::string& diagnosis, const std::string& change) {
  std::ofstream out(file);
  out << fmt::format("# what: {}\n# who: {}\n# check: {}\n# diagnosis: {}\n{}", idea.what, idea.who, check,
                     diagnosis, change);
  if (!out.flush()) throw InfraError(fmt::format("can't write {}", file.string()));
}

/// Removes the patch unless it has been kept.
class Draft {
 public:
  explicit Draft(fs::path file) : file_(std::move(file)) {}
  ~Draft() {
    std::error_code ignored;
    if (!kept_) fs::remove(file_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  void keep() { kept_ = true; }

 private:
  fs::path file_;
  bool kept_ = false;
};

}  // namespace

MutantTrial try_new_mutant(const Paths& paths, const CourseTable& course, const MutantIdea& idea,
                           const std::function<void(const std::string&)>& phase, std::stop_token stop) {
  const auto checks = select_checks(list_checks(paths, course), course, {idea.exercise});
  const Exercise& exercise = course.exercise(idea.exercise);
  const bool name_fits = !idea.name.empty() && std::ranges::all_of(idea.name, [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '_';
  });
  if (!name_fits)
    throw std::invalid_argument(
        fmt::format("'{}' is no name for a file: letters, digits and _ only", idea.name));
  if (idea.what.find('\n') != std::string::npos || idea.who.find('\n') != std::string::npos)
    throw std::invalid_argument("one line says what is wrong, and one who does it");
  MutantTrial trial{.patch = paths.root / "grader/mutants" / exercise.name / (idea.name + ".patch"),
                    .verdicts = {}};
  if (fs::exists(trial.patch))
    throw std::invalid_argument(
        fmt::format("{} is there already; choose another name", trial.patch.string()));
  const std::string change = difference(paths, exercise, idea.file);

  fs::create_directories(trial.patch.parent_path());
  Draft draft(trial.patch);
  write_patch(trial.patch, idea, "?", "?", change);
  const Mutant mutant{.exercise = exercise.name,
                      .name = idea.name,
                      .what = idea.what,
                      .who = idea.who,
                      .check = "?",
                      .diagnosis = "?",
                      .patch = trial.patch};
  phase("compiling");
  build_answers(paths, course, {answers_of(mutant, paths, course)});
  phase("starting the broker");
  start_broker(paths, paths.state / "broker");
  phase("grading");
  std::vector<CheckRun> runs;
  for (const auto& check : checks) runs.push_back({.check = check, .answers = mutant.set()});
  trial.verdicts = run_checks(
      paths, runs,
      {.results = paths.state / "results", .broker = paths.state / "broker", .seed = fresh_seed()}, {}, stop);
  if (stop.stop_requested()) throw InfraError("interrupted");

  for (const auto& verdict : trial.verdicts) {
    if (verdict.status == Status::infra_error) throw InfraError(verdict.detail);
    if (verdict.status == Status::does_not_compile)
      throw std::invalid_argument("it does not compile:\n" + verdict.detail);
    if (!trial.caught && verdict.status == Status::failed) trial.caught = verdict;
  }
  if (trial.caught) {
    write_patch(trial.patch, idea, trial.caught->check, trial.caught->finding->diagnosis, change);
    draft.keep();
  } else {
    const fs::path survivor = trial.patch.string() + ".survivor";
    fs::rename(trial.patch, survivor);
    trial.patch = survivor;
  }
  return trial;
}

}  // namespace grader
