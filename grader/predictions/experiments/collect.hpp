#pragma once

#include <vector>

#include "predictions/experiment.hpp"

namespace grader {

// The experiments of each file; `all_experiments` puts them together.

std::vector<Experiment> crashes();
std::vector<Experiment> departures();
std::vector<Experiment> durability();
std::vector<Experiment> keys();
std::vector<Experiment> partitions();
std::vector<Experiment> past();
std::vector<Experiment> rebalance();
std::vector<Experiment> transactions();
std::vector<Experiment> where_a_group_begins();

}  // namespace grader
