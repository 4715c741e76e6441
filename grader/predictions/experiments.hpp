#pragma once

#include <vector>

#include "predictions/experiment.hpp"

namespace grader {

/// All experiments. Each file in experiments/ defines one or a few of the same kind; here they are collected.
std::vector<Experiment> all_experiments();

}  // namespace grader
