#include "grading/head_field.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

namespace grader {

std::optional<std::string> head_field(const std::filesystem::path& file, const std::string& comment,
                                      const std::string& name) {
  std::ifstream lines(file);
  const std::string start = comment + name + ": ";
  for (std::string line; std::getline(lines, line) && line.starts_with(comment);) {
    if (line.starts_with(start)) return line.substr(start.size());
  }
  return std::nullopt;
}

std::string required_head_field(const std::filesystem::path& file, const std::string& comment,
                                const std::string& name) {
  if (auto value = head_field(file, comment, name)) return *value;
  throw std::runtime_error(fmt::format("{}: the head has no line '{}{}: …'", file.string(), comment, name));
}

}  // namespace grader
