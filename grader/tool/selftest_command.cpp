// course selftest: the grader graded. Every solution passes, every skeleton is open, every wrong
// implementation is caught by the right check under the right name, no right one is refused.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "grading/grade.hpp"
#include "grading/quality_report.hpp"
#include "grading/selftest.hpp"
#include "harness/infra_error.hpp"
#include "report/verdict_text.hpp"
#include "tool/commands.hpp"
#include "tool/interrupt.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

struct SelftestArguments {
  std::vector<std::string> wanted;
  std::vector<std::string> only;
  std::string mutant;
  std::string report;
  std::string seed;
  bool sample = false;
  unsigned jobs = default_jobs();
  bool json = false;
};

std::string surprise(const SelftestResult& result, const std::map<std::string, Diagnosis>& diagnoses) {
  const auto said = [](Status status, const std::string& diagnosis) {
    return to_string(status) + (diagnosis.empty() ? "" : " as " + diagnosis);
  };
  return fmt::format(
      "{} × {}.{}: expected {}, got {}\n{}\n", result.expected.run.answers, result.verdict.exercise,
      result.verdict.check, said(result.expected.status, result.expected.diagnosis),
      said(result.verdict.status, result.verdict.finding ? result.verdict.finding->diagnosis : ""),
      wrapped(to_text(result.verdict, diagnoses), 4));
}

int report(const std::vector<SelftestResult>& results, const std::map<std::string, Diagnosis>& diagnoses,
           const Terminal& terminal) {
  std::map<std::string, std::pair<int, int>> counts;  // by kind: as expected, all
  int surprises = 0;
  for (const auto& result : results) {
    if (!result.expected.decides && result.as_expected()) continue;
    auto& [good, all] = counts[result.kind()];
    ++all;
    good += result.as_expected() ? 1 : 0;
    if (!result.as_expected()) {
      ++surprises;
      fmt::print("{}", terminal.bad(surprise(result, diagnoses)));
    }
  }
  for (const auto& [kind, count] : counts)
    fmt::print("{:<10} {} of {} as expected\n", kind, count.first, count.second);
  int all = 0;
  for (const auto& [kind, count] : counts) all += count.second;
  fmt::print("{} passed, {} failed\n", all - surprises, surprises);
  const bool infra =
      std::ranges::any_of(results, [](const auto& one) { return one.verdict.status == Status::infra_error; });
  return surprises == 0 ? 0 : infra ? 2 : 1;
}

nlohmann::json to_json(const std::vector<SelftestResult>& results) {
  nlohmann::json json = nlohmann::json::array();
  for (const auto& result : results) {
    json.push_back(
        {{"answers", result.expected.run.answers},
         {"expected",
          {{"verdict", to_string(result.expected.status)}, {"diagnosis", result.expected.diagnosis}}},
         {"as_expected", result.as_expected()},
         {"check", grader::to_json(result.verdict)}});
  }
  return json;
}

int run_selftest(const SelftestArguments& arguments) {
  if (!arguments.report.empty() && !(arguments.wanted.empty() && arguments.only.empty() &&
                                     arguments.mutant.empty() && !arguments.sample)) {
    throw std::invalid_argument("--report tells of the whole selftest: leave out what you named");
  }
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  const auto diagnoses = load_diagnoses(paths.root / "grader/report/diagnoses.toml");
  const Terminal terminal;
  const Interrupt interrupt;
  const auto started = std::chrono::steady_clock::now();
  const auto say = [&](const std::string& text) {
    if (!arguments.json) terminal.interactive() ? terminal.progress(text) : fmt::print("{}\n", text);
  };
  const std::string seed = arguments.seed.empty() ? fresh_seed() : arguments.seed;
  if (arguments.sample) say(fmt::format("a sample; the same again with --sample --seed {}", seed));
  const auto results = selftest(
      paths, course,
      {.wanted = arguments.wanted,
       .only = arguments.only,
       .mutant = arguments.mutant.empty() ? std::nullopt : std::optional(arguments.mutant),
       .sample = arguments.sample,
       .results = paths.state / "results",
       .seed = seed,
       .jobs = arguments.jobs},
      say,
      [&](const SelftestResult&, std::size_t done, std::size_t all) {
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started;
        const double left = spent.count() / static_cast<double>(done) * static_cast<double>(all - done);
        if (!arguments.json)
          terminal.progress(fmt::format("{}/{} checks, about {:.0f} s left", done, all, left));
      },
      interrupt.token());
  terminal.end_progress();
  if (interrupt.token().stop_requested()) throw InfraError("interrupted");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  if (!arguments.report.empty()) {
    std::ofstream file(arguments.report);
    file << quality_report(
        {.results = results,
         .seconds = took.count(),
         .mutants = load_mutants(paths, course),
         .variants = load_variants(paths, course),
         .soak = SoakRecord::load(paths.state / "soak/soak.json"),
         .attacks = nlohmann::json::parse(std::ifstream(paths.state / "attacks.json"), nullptr, false)});
    if (!file.flush()) throw InfraError(fmt::format("can't write {}", arguments.report));
  }
  if (arguments.json) {
    fmt::print("{}\n", to_json(results).dump(2));
    return std::ranges::all_of(results, &SelftestResult::as_expected) ? 0 : 1;
  }
  if (!arguments.mutant.empty()) {
    const auto named =
        std::ranges::find_if(results, [](const SelftestResult& result) { return result.expected.decides; });
    fmt::print("{}\n", to_text(named->verdict, diagnoses));
    for (const auto& result : results) {
      if (result.expected.decides) continue;
      fmt::print("  {:<45} {}\n", result.verdict.check, to_string(result.verdict.status));
    }
  }
  return report(results, diagnoses, terminal);
}

}  // namespace

void add_selftest_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "selftest", "grade the grader: solutions, skeletons, wrong and right implementations");
  auto arguments = std::make_shared<SelftestArguments>();
  command->add_option("what", arguments->wanted, "phases or exercises; all if none is named");
  command->add_option("--only", arguments->only, "solutions, skeletons, mutants or variants; may be repeated")
      ->check(CLI::IsMember({"solutions", "skeletons", "mutants", "variants"}))
      ->allow_extra_args(false);
  command->add_option("--mutant", arguments->mutant,
                      "one wrong implementation, with the verdict that a learner would read");
  command->add_option("--report", arguments->report,
                      "write what a whole run showed to this file, as docs/grader-quality.md");
  command->add_flag("--sample", arguments->sample,
                    "one crash point of each kind, and one in five of the checks for which a mutant is not "
                    "named: as CI does");
  command->add_option("--seed", arguments->seed, "repeat a run");
  add_jobs_option(*command, arguments->jobs);
  command->add_flag("--json", arguments->json, "print the results as JSON");
  command->callback([arguments, &exit_code] { exit_code = run_selftest(*arguments); });
}

}  // namespace grader
