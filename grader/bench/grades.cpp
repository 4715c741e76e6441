// Whole grades of the solutions on a warm broker: their time, what grading adds to each check, and the
// broker's memory meanwhile.

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/scene.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

/// What a series of grades showed.
struct Series {
  std::vector<double> seconds;
  std::vector<double> memory;
  std::map<std::string, std::vector<double>> added;  // by check
  std::map<std::string, std::vector<double>> check_seconds;
  std::size_t verdicts = 0;
  std::size_t passed = 0;
};

/// One grade as a learner runs it: a process that compiles what has changed, grades and prints.
void grade_once(const Scene& scene, const BenchBroker& broker, Series& series) {
  const auto finished =
      run(scene, {(scene.paths.build / "bin/course").string(), "grade", "--solutions", "--json"},
          {{"COURSE_STATE_DIR", scene.paths.state.string()}});
  if (finished.exit_code > 1) throw InfraError("a grade ended early: " + finished.output.substr(0, 500));
  series.seconds.push_back(finished.seconds);
  series.memory.push_back(broker.resident_memory());
  const auto json =
      nlohmann::json::parse(std::ifstream(scene.paths.state / "results/solutions/last-grade.json"));
  for (const auto& check : json.at("checks")) {
    ++series.verdicts;
    if (check.at("verdict") != "passed") continue;
    ++series.passed;
    const double seconds = check.at("seconds").get<double>();
    const auto name =
        fmt::format("{}.{}", check.at("exercise").get<std::string>(), check.at("check").get<std::string>());
    series.check_seconds[name].push_back(seconds);
    series.added[name].push_back(seconds - check.at("program_seconds").get<double>());
  }
}

struct Checks {
  std::optional<Summary> summary;  // of the checks' medians
  std::string slowest;
};

Checks over_checks(const std::map<std::string, std::vector<double>>& by_check) {
  std::vector<double> medians;
  std::pair<double, std::string> slowest;
  for (const auto& [name, values] : by_check) {
    medians.push_back(Summary::of(values)->median);
    slowest = std::max(slowest, {medians.back(), name});
  }
  return {.summary = Summary::of(medians),
          .slowest = fmt::format("most: {}, {:.2f} s", slowest.second, slowest.first)};
}

/// MB for each grade: the slope of a line through the second half of the series, in which Java has
/// settled.
std::optional<Summary> growth(const std::vector<double>& memory) {
  const std::size_t first = memory.size() / 2;
  const auto count = static_cast<double>(memory.size() - first);
  if (count < 2) return std::nullopt;
  double mean_x = 0;
  double mean_y = 0;
  for (std::size_t i = first; i < memory.size(); ++i) {
    mean_x += static_cast<double>(i) / count;
    mean_y += memory[i] / count;
  }
  double above = 0;
  double below = 0;
  for (std::size_t i = first; i < memory.size(); ++i) {
    const double x = static_cast<double>(i) - mean_x;
    above += x * (memory[i] - mean_y);
    below += x * x;
  }
  return Summary::of({above / below});
}

}  // namespace

Section measure_grades(const Scene& scene) {
  const BenchBroker broker(scene);
  const double at_start = broker.resident_memory();
  Series first;  // compiles the solutions, and makes everything warm
  scene.go_on("the first grade");
  grade_once(scene, broker, first);
  Series series;
  for (unsigned i = 0; i < scene.grades; ++i) {
    scene.go_on(fmt::format("grade {}/{}", i + 1, scene.grades));
    grade_once(scene, broker, series);
  }
  const Checks added = over_checks(series.added);
  const Checks durations = over_checks(series.check_seconds);
  const auto at_most = [](double value) { return Aim{Aim::Kind::at_most, value}; };
  std::string not_passed;
  if (series.passed < series.verdicts) {
    not_passed = fmt::format("{} of {} verdicts were not \"passed\"; checks count only where they passed",
                             series.verdicts - series.passed, series.verdicts);
  }
  std::vector<double> memory = first.memory;
  memory.insert(memory.end(), series.memory.begin(), series.memory.end());
  return {.name = "grade",
          .title = "Grading the solutions of all phases, warm, as many checks side by side as by default",
          .figures = {{.name = "a whole grade",
                       .unit = "s",
                       .measured = Summary::of(series.seconds),
                       .aim = at_most(10),
                       .note = not_passed},
                      {.name = fmt::format("what grading adds, over {} checks", series.added.size()),
                       .unit = "s",
                       .measured = added.summary,
                       .aim = at_most(0.3),
                       .note = added.slowest},
                      {.name = "a check",
                       .unit = "s",
                       .measured = durations.summary,
                       .aim = at_most(1),
                       .note = durations.slowest},
                      {.name = "broker's resident memory after its start",
                       .unit = "MB",
                       .measured = Summary::of({at_start})},
                      {.name = fmt::format("broker's resident memory after {} grades", memory.size()),
                       .unit = "MB",
                       .measured = Summary::of({memory.back()}),
                       .aim = at_most(220),
                       .note = fmt::format("after the first {:.0f} MB", memory.front())},
                      {.name = "its growth with each grade, in the second half",
                       .unit = "MB",
                       .measured = growth(memory),
                       .aim = at_most(1),
                       .note = memory.size() < 4 ? "too few grades; --grades 20" : ""}}};
}

}  // namespace grader
