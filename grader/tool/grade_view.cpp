#include "tool/grade_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "learner/standing.hpp"
#include "report/verdict_text.hpp"

namespace grader {
namespace {

std::string coloured_status(Status status, const Terminal& terminal) {
  const std::string text = fmt::format("{:<16}", to_string(status));
  switch (status) {
    case Status::passed:
      return terminal.good(text);
    case Status::failed:
    case Status::does_not_compile:
    case Status::disturbed_the_grader:
      return terminal.bad(text);
    default:
      return terminal.notable(text);
  }
}

std::string points(const ExerciseScore& score) {
  if (score.maximum == 0) return "";
  return score.points ? fmt::format("{:>5g} / {:g} points", *score.points, score.maximum)
                      : fmt::format(" open / {:g} points", score.maximum);
}

std::string in_a_line(const Verdict& verdict, const std::map<std::string, Diagnosis>& diagnoses) {
  std::string text = fmt::format("  {}.{}: {}", verdict.exercise, verdict.check, to_string(verdict.status));
  if (verdict.finding) {
    text = fmt::format("  {}.{}: {}", verdict.exercise, verdict.check, verdict.finding->diagnosis);
    const auto known = diagnoses.find(verdict.finding->diagnosis);
    if (known != diagnoses.end()) text += " - " + known->second.happened;
  }
  return text + '\n';
}

}  // namespace

GradeProgress progress_on(const Terminal& terminal) {
  GradeProgress progress;
  progress.phase = [&terminal](const std::string& what) { terminal.progress(what + " …"); };
  progress.verdict = [&terminal](const Verdict& verdict, std::size_t done, std::size_t all) {
    terminal.progress(fmt::format("grading {}/{}  {}.{} {}", done, all, verdict.exercise, verdict.check,
                                  to_string(verdict.status)));
  };
  return progress;
}

std::string view(const Grade& grade, const CourseTable& course,
                 const std::map<std::string, Diagnosis>& diagnoses, const Terminal& terminal) {
  std::string text;
  int phase = -1;
  for (const auto& score : grade.scores) {
    const Exercise& exercise = course.exercise(score.exercise);
    if (exercise.phase != phase) {
      phase = exercise.phase;
      const auto found = std::ranges::find(course.phases, phase, &Phase::number);
      text += terminal.strong(fmt::format("\nPhase {}: {}", phase, found->title)) + '\n';
    }
    text += fmt::format("  {:<26}{} {:>2} of {:>2} checks  {}\n", score.exercise,
                        coloured_status(score.status, terminal), score.passed, score.checks, points(score));
  }
  const Total sum = total(grade.scores);
  if (sum.maximum > 0) {
    text += sum.points ? fmt::format("\n{:g} of {:g} points", *sum.points, sum.maximum)
                       : fmt::format("\nThe score of {:g} points is open: infrastructure got in the way",
                                     sum.maximum);
    text += fmt::format(" in {:.1f} s, seed {}\n", grade.seconds, grade.seed);
  }

  const Verdict* first = most_important(grade.verdicts);
  if (first == nullptr) {
    const auto open = std::ranges::count(grade.verdicts, Status::not_judged, &Verdict::status);
    if (open == 0) return text + terminal.good("\nEverything passed.\n");
    return text +
           terminal.good(fmt::format("\nEverything passed that could be judged; {} checks need what only "
                                     "the course's own broker shows.\n",
                                     open));
  }
  if (first->status == Status::not_implemented) {
    text += fmt::format("\nNext: {}\n", first->detail);
    text += wrapped(fmt::format("The contract is phases/{}/{}.hpp, the lesson phases/{}/README.md.",
                                course.exercise(first->exercise).folder, first->exercise,
                                course.exercise(first->exercise).folder),
                    0, terminal.width()) +
            '\n';
    if (grade.answers == "phases")
      text += "A first run is expected to look like this: red until you have written something.\n";
    return text;
  }
  text += '\n' + to_text(*first, diagnoses);
  text += terminal.faint(fmt::format("  repeat    ./course grade {}.{} --seed {}\n", first->exercise,
                                     first->check, first->seed));
  std::string rest;
  std::set<std::string> settled;
  if (settles_exercise(first->status)) settled.insert(first->exercise);
  for (const auto& verdict : grade.verdicts) {
    const bool shown =
        &verdict == first || verdict.status == Status::passed || verdict.status == Status::not_implemented;
    if (shown || settled.contains(verdict.exercise)) continue;
    if (settles_exercise(verdict.status)) {
      settled.insert(verdict.exercise);
      rest += fmt::format("  {}: {}\n", verdict.exercise, to_string(verdict.status));
    } else {
      rest += in_a_line(verdict, diagnoses);
    }
  }
  if (!rest.empty()) text += "\nAlso:\n" + rest;
  return text;
}

int exit_code_of(const Grade& grade) {
  const auto any = [&](Status status) {
    return std::ranges::find(grade.verdicts, status, &Verdict::status) != grade.verdicts.end();
  };
  if (any(Status::infra_error)) return 2;
  const bool all_passed = std::ranges::all_of(grade.verdicts, [](const Verdict& verdict) {
    return verdict.status == Status::passed || verdict.status == Status::not_judged;
  });
  return all_passed ? 0 : 1;
}

}  // namespace grader
