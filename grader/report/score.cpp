#include "report/score.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace grader {
namespace {

/// The verdict that says most about an exercise comes first.
constexpr std::array by_weight{Status::infra_error,      Status::disturbed_the_grader,
                               Status::does_not_compile, Status::not_implemented,
                               Status::blocked_by,       Status::failed,
                               Status::passed,           Status::not_judged};

Status overall(const std::vector<Verdict>& verdicts) {
  for (const Status status : by_weight) {
    if (std::ranges::any_of(verdicts, [&](const Verdict& verdict) { return verdict.status == status; }))
      return status;
  }
  return Status::not_judged;
}

double share_passed(const std::vector<Verdict>& verdicts, const std::string& part) {
  double passed = 0;
  double judged = 0;
  for (const auto& verdict : verdicts) {
    if (verdict.part != part || verdict.status == Status::not_judged) continue;
    judged += 1;
    passed += verdict.status == Status::passed ? 1 : 0;
  }
  return judged == 0 ? std::nan("") : passed / judged;
}

}  // namespace

ExerciseScore score(const Exercise& exercise, const std::vector<Verdict>& verdicts) {
  ExerciseScore score{
      .exercise = exercise.name,
      .status = overall(verdicts),
      .points = std::nullopt,
      .maximum = exercise.points,
      .passed = static_cast<int>(std::ranges::count(verdicts, Status::passed, &Verdict::status)),
      .checks = static_cast<int>(verdicts.size())};
  if (score.status == Status::infra_error || verdicts.empty()) return score;
  const double core = share_passed(verdicts, "core");
  const double edge = share_passed(verdicts, "edge");
  if (std::isnan(core) && std::isnan(edge)) {
    score.points = 0;
    score.maximum = 0;
    return score;
  }
  double share = 0;
  if (std::isnan(core) || std::isnan(edge)) {
    share = std::isnan(core) ? edge : core;
  } else {
    share = exercise.core_share * core + (1 - exercise.core_share) * edge;
  }
  score.points = std::round(exercise.points * share * 100) / 100;
  return score;
}

Total total(const std::vector<ExerciseScore>& scores) {
  Total sum{.points = 0.0, .maximum = 0};
  for (const auto& one : scores) {
    sum.maximum += one.maximum;
    if (!one.points) sum.points.reset();
    if (sum.points) *sum.points += *one.points;
  }
  return sum;
}

}  // namespace grader
