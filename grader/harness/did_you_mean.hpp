#pragma once

#include <string>
#include <vector>

namespace grader {

/// The word of `known` that `word` was probably meant to be; empty if none is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace grader
