#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "grading/mutants.hpp"
#include "grading/selftest.hpp"
#include "grading/soak.hpp"

namespace grader {

/// What was seen of the grader.
struct QualityEvidence {
  std::vector<SelftestResult> results;  ///< Of a whole selftest,
  double seconds = 0;                   ///< which took so long.
  std::vector<Mutant> mutants;
  std::vector<Variant> variants;
  SoakRecord soak;         ///< So far.
  nlohmann::json attacks;  ///< What `course attack --json` said last; null if it never ran.
};

/// As Markdown for docs/grader-quality.md: how many of each kind came out as expected, soak and attacks;
/// every mutant with the check that caught it, the diagnosis, and what else it fails; every variant.
std::string quality_report(const QualityEvidence& evidence);

}  // namespace grader
