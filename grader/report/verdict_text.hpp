#pragma once

#include <map>
#include <string>

#include "report/diagnoses.hpp"
#include "report/verdict.hpp"

namespace grader {

/// The verdict as a learner reads it: the steps, then what happened, expected and observed, why, and
/// what to do next. Plain text without colours.
std::string to_text(const Verdict& verdict, const std::map<std::string, Diagnosis>& diagnoses);

/// `text` wrapped at `width` columns, each line indented by `indent` spaces.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t width = 96);

}  // namespace grader
