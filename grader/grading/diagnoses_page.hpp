#pragma once

#include <map>
#include <string>
#include <vector>

#include "grading/mutants.hpp"
#include "report/diagnoses.hpp"

namespace grader {

/// docs/diagnoses.md: every diagnosis under the heading of its group, with the wrong implementations that
/// meet it and, folded away, its hints.
std::string diagnoses_page(const std::map<std::string, Diagnosis>& diagnoses,
                           const std::vector<Mutant>& mutants);

/// One diagnosis for the terminal, with the wrong implementations that meet it and without hints.
std::string to_text(const Diagnosis& diagnosis, const std::vector<Mutant>& mutants);

}  // namespace grader
