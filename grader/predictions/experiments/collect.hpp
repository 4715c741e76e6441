#pragma once

#include <vector>

#include "predictions/experiment.hpp"

namespace grader {

// The experiments of each file; `all_experiments` puts them together.

std::vector<Experiment> where_a_group_begins();

}  // namespace grader
