#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace grader {

/// A question that no experiment settles.
struct ReflectionQuestion {
  std::string name;
  std::string title;
  std::string text;
  std::vector<std::string> touches_on;  ///< What a good answer mentions; shown when there is an answer.
};

/// The questions of phases/8-reflection/reflection.toml. Throws `std::invalid_argument` with file and line
/// for anything that is missing, misspelt or there twice.
std::vector<ReflectionQuestion> load_reflection(const std::filesystem::path& root);

}  // namespace grader
