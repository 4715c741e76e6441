#pragma once

#include <string>
#include <vector>

#include "grading/mutants.hpp"
#include "grading/selftest.hpp"

namespace grader {

/// What a whole selftest showed, as Markdown for docs/grader-quality.md: how many of each kind came out as
/// expected; every mutant with the check that caught it, the diagnosis, and what else it fails; every
/// variant.
std::string quality_report(const std::vector<SelftestResult>& results, const std::vector<Mutant>& mutants,
                           const std::vector<Variant>& variants, double seconds);

}  // namespace grader
