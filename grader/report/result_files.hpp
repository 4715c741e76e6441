#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/diagnoses.hpp"
#include "report/score.hpp"
#include "report/verdict.hpp"

namespace grader {

/// One grade: the verdicts of some or all checks.
struct Grade {
  std::string answers;  ///< "phases", "solutions", or the name of a submission.
  std::string seed;
  std::string course_version;
  std::string isolation;    ///< How strongly the learner's programs were confined.
  std::string finished_at;  ///< ISO 8601, UTC.
  double seconds = 0;
  std::vector<ExerciseScore> scores;
  std::vector<Verdict> verdicts;
};

/// The grade as docs/results.md describes results.json (schema 1).
nlohmann::json to_json(const Grade& grade, const std::map<std::string, Diagnosis>& diagnoses);

/// The grade as JUnit XML: a test suite for each exercise, a test case for each check.
std::string to_junit(const Grade& grade, const std::map<std::string, Diagnosis>& diagnoses);

/// The grade as Markdown, for the job summary of a CI service.
std::string to_markdown(const Grade& grade, const std::map<std::string, Diagnosis>& diagnoses);

}  // namespace grader
