#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "predictions/experiment.hpp"
#include "predictions/journal.hpp"
#include "predictions/question.hpp"
#include "tool/terminal.hpp"

namespace grader {

/// `text` in lines of at most `width` columns, each behind `indent`. Line breaks in it count as spaces, but
/// for empty lines.
std::string wrapped(const std::string& text, const std::string& indent, std::size_t width);

/// The question with its choices, as the learner reads it before they answer.
std::string view_of_question(const Question& question, const Settings& settings, const Terminal& terminal);

/// What the broker did, predicted beside observed, and why it is so.
std::string view_of_result(const Question& question, const Settings& settings, const Prediction& prediction,
                           const Observation& observed, const Explanations& explanations,
                           const Terminal& terminal);

/// What was observed as the journal keeps it: the outcome, or the number.
std::string observed_in_a_word(const Observation& observed);

/// The same for programs.
nlohmann::json to_json(const Question& question, const Settings& settings, const Prediction& prediction,
                       const Observation& observed, const Explanations& explanations);

}  // namespace grader
