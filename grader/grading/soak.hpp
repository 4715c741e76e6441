#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "grading/run_checks.hpp"
#include "harness/paths.hpp"
#include "report/course_table.hpp"

namespace grader {

/// How often one set of answers was run, and what came of it.
struct SoakCount {
  unsigned runs = 0;
  unsigned under_load = 0;  ///< Of these.
  unsigned checks = 0;
  unsigned not_passed = 0;  ///< Of the checks.

  SoakCount& operator+=(const SoakCount& other);
};

/// A verdict that should not have been.
struct SoakSurprise {
  std::string answers;
  std::string check;  ///< "EXERCISE.CHECK"
  std::string verdict;
  std::string diagnosis;  ///< Or, without one, what stood in the way.
  std::string seed;
  bool under_load = false;
  std::string evidence;  ///< The folder that keeps the check's timeline and output.
};

/// What a soak has seen so far, over all its sittings.
struct SoakRecord {
  std::map<std::string, SoakCount> sets;  ///< By set of answers.
  std::vector<SoakSurprise> surprises;

  /// An empty record if there is no such file. Throws `std::runtime_error` if it is no record.
  static SoakRecord load(const std::filesystem::path& file);
  void save(const std::filesystem::path& file) const;
  [[nodiscard]] nlohmann::json to_json() const;
};

struct SoakOptions {
  std::filesystem::path folder;  ///< soak.json, and the evidence. What is recorded there counts as done.
  unsigned runs = 200;           ///< Of the solutions, in all.
  unsigned variant_runs = 20;    ///< Of each variant, in all.
  bool load = false;             ///< Every processor is kept busy meanwhile, and two grades run side by side.
  unsigned jobs = default_jobs();
};

struct SoakProgress {
  std::function<void(const std::string&)> phase;
  /// After each round, in which the solutions were run once or, under load, twice.
  std::function<void(const SoakRecord&, unsigned done, unsigned all)> round;
};

/// Runs all checks on the solutions and on the variants, again and again with fresh seeds. None of them may
/// do anything but pass. The record is saved after each round, so that a soak that was stopped, or killed,
/// goes on from there. Throws `InfraError` when it can't begin.
SoakRecord soak(const Paths& paths, const CourseTable& course, const SoakOptions& options,
                const SoakProgress& progress, const std::stop_token& stop);

}  // namespace grader
