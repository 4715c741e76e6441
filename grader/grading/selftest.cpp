#include "grading/selftest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <stdexcept>

#include "harness/broker.hpp"

namespace grader {
namespace {

/// The expectations and the answer sets that they need.
class Plan {
 public:
  Plan(const Paths& paths, const CourseTable& course, const SelftestOptions& options)
      : paths_(paths),
        course_(course),
        checks_(select_checks(list_checks(paths, course), course, options.wanted)),
        sample_(options.sample),
        random_(std::hash<std::string>{}(options.seed)) {}

  void expect_solutions_to_pass() {
    sets_.push_back(AnswerSet::of_folder("solutions", paths_.root / "solutions", course_));
    for (const auto& check : checks_)
      expectations_.push_back({.run = {.check = check, .answers = "solutions", .explore_all = !sample_}});
  }

  void expect_skeletons_to_be_open() {
    sets_.push_back({.name = "skeletons", .sources = {}});
    for (const auto& check : checks_) {
      const bool example = course_.exercise(check.exercise).worked_example;
      expectations_.push_back({.run = {.check = check, .answers = "skeletons"},
                               .status = example ? Status::passed : Status::not_implemented});
    }
  }

  void expect_caught(const Mutant& mutant) {
    const auto found = std::ranges::find_if(checks_, [&](const CheckId& check) {
      return check.exercise == mutant.exercise && check.name == mutant.check;
    });
    if (found == checks_.end()) {
      if (std::ranges::find(checks_, mutant.exercise, &CheckId::exercise) == checks_.end())
        return;  // not chosen
      throw std::runtime_error(fmt::format("{} names the check '{}', which {} does not have",
                                           mutant.patch.string(), mutant.check, mutant.exercise));
    }
    sets_.push_back(answers_of(mutant, paths_, course_));
    expectations_.push_back({.run = {.check = *found, .answers = mutant.set(), .explore_all = !sample_},
                             .status = Status::failed,
                             .diagnosis = mutant.diagnosis});
    for (const auto& check : checks_) {
      if (check.exercise == mutant.exercise && check.name != mutant.check && drawn())
        expectations_.push_back({.run = {.check = check, .answers = mutant.set()}, .decides = false});
    }
  }

  void expect_to_pass(const Variant& variant) {
    bool chosen = false;
    for (const auto& check : checks_) {
      if (check.exercise != variant.exercise) continue;
      expectations_.push_back({.run = {.check = check, .answers = variant.set(), .explore_all = !sample_}});
      chosen = true;
    }
    if (chosen) sets_.push_back(answers_of(variant, paths_, course_));
  }

  [[nodiscard]] const std::vector<AnswerSet>& sets() const { return sets_; }
  [[nodiscard]] const std::vector<Expectation>& expectations() const { return expectations_; }

 private:
  /// Whether something that can be left out is part of the sample.
  bool drawn() { return !sample_ || random_() % 5 == 0; }

  const Paths& paths_;
  const CourseTable& course_;
  std::vector<CheckId> checks_;
  bool sample_;
  std::mt19937 random_;
  std::vector<AnswerSet> sets_;
  std::vector<Expectation> expectations_;
};

Mutant find_mutant(const std::vector<Mutant>& mutants, const std::string& wanted) {
  std::vector<std::string> names;
  for (const auto& mutant : mutants) {
    if (wanted == mutant.name || wanted == mutant.exercise + '.' + mutant.name) return mutant;
    names.push_back(mutant.name);
  }
  const std::string meant = did_you_mean(wanted, names);
  throw std::invalid_argument(fmt::format("there is no mutant '{}'{}", wanted,
                                          meant.empty() ? "" : "; did you mean '" + meant + "'?"));
}

Plan make_plan(const Paths& paths, const CourseTable& course, const SelftestOptions& options) {
  Plan plan(paths, course, options);
  const auto mutants = load_mutants(paths, course);
  if (options.mutant) {
    plan.expect_caught(find_mutant(mutants, *options.mutant));
    return plan;
  }
  const auto wanted = [&](const char* kind) {
    return options.only.empty() || std::ranges::find(options.only, kind) != options.only.end();
  };
  if (wanted("solutions")) plan.expect_solutions_to_pass();
  if (wanted("skeletons")) plan.expect_skeletons_to_be_open();
  if (wanted("mutants")) std::ranges::for_each(mutants, [&](const Mutant& one) { plan.expect_caught(one); });
  if (!wanted("variants")) return plan;
  for (const auto& variant : load_variants(paths, course)) plan.expect_to_pass(variant);
  return plan;
}

}  // namespace

std::vector<SelftestResult> selftest(
    const Paths& paths, const CourseTable& course, const SelftestOptions& options,
    const std::function<void(const std::string&)>& phase,
    const std::function<void(const SelftestResult&, std::size_t done, std::size_t all)>& result,
    std::stop_token stop) {
  const Plan plan = make_plan(paths, course, options);
  phase(fmt::format("compiling {} sets of answers", plan.sets().size()));
  build_answers(paths, course, plan.sets());
  phase("starting the broker");
  start_broker(paths, paths.state / "broker");

  std::vector<CheckRun> runs;
  for (const auto& expectation : plan.expectations()) runs.push_back(expectation.run);
  std::vector<SelftestResult> results;
  run_checks(
      paths, runs,
      {.results = options.results,
       .broker = paths.state / "broker",
       .seed = options.seed,
       .jobs = options.jobs},
      [&](const Verdict& verdict, std::size_t index) {
        results.push_back({.expected = plan.expectations()[index], .verdict = verdict});
        result(results.back(), results.size(), runs.size());
      },
      stop);
  return results;
}

}  // namespace grader
