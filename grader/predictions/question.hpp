#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace grader {

struct Choice {
  std::string name;  ///< What one answers, and what the journal keeps.
  std::string text;
};

/// A question of a phase, as its predictions.toml has it. It holds no answer.
struct Question {
  std::string name;  ///< Also that of the experiment.
  int phase = 0;
  std::string title;
  std::string text;
  std::vector<Choice> choices{};  ///< Empty if the answer is a number.
  std::string unit{};             ///< Of that number, such as "records".
  std::map<std::string, std::string> settings{};
  std::string place{};  ///< File and line, for errors.
};

/// The questions of one phase in their order. Throws `std::invalid_argument` with file and line for anything
/// that is missing, misspelt or there twice.
std::vector<Question> load_questions(const std::filesystem::path& file, int phase);

/// Those of all phases: phases/N-NAME/predictions.toml, by N.
std::vector<Question> all_questions(const std::filesystem::path& root);

/// What is told after an experiment, by its outcome ("number" if it counts something).
using Explanations = std::map<std::string, std::string>;

/// The explanations of all experiments, by their names. They lie apart from the questions, because whoever
/// changes a setting there should not stumble over them. Throws `std::invalid_argument`.
std::map<std::string, Explanations> load_explanations(const std::filesystem::path& folder);

}  // namespace grader
