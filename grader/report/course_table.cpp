#include "report/course_table.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <stdexcept>

namespace grader {
namespace {

/// A required value of a table; the error names the place.
template <typename T>
T required(const toml::table& table, const char* field) {
  const auto value = table[field].value<T>();
  if (!value) {
    const auto& source = table.source();
    throw std::runtime_error(fmt::format("{}:{}: '{}' is missing or of the wrong kind",
                                         source.path ? *source.path : "exercises.toml", source.begin.line,
                                         field));
  }
  return *value;
}

std::vector<std::string> strings(const toml::array* list) {
  std::vector<std::string> found;
  if (list == nullptr) return found;
  for (const auto& one : *list) found.push_back(one.value_or(std::string()));
  return found;
}

template <typename Function>
void for_each_table(const toml::table& parent, const char* name, const Function& function) {
  if (const auto* list = parent[name].as_array()) {
    for (const auto& node : *list) {
      if (const auto* table = node.as_table()) function(*table);
    }
  }
}

}  // namespace

CourseTable CourseTable::load(const std::filesystem::path& file) {
  toml::table root;
  try {
    root = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(
        fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
  CourseTable course;
  for_each_table(root, "phase", [&](const toml::table& phase) {
    const auto number = static_cast<int>(required<std::int64_t>(phase, "number"));
    const auto folder = required<std::string>(phase, "folder");
    course.phases.push_back(
        {.number = number, .folder = folder, .title = required<std::string>(phase, "title")});
    for_each_table(phase, "exercise", [&](const toml::table& exercise) {
      course.exercises.push_back({.name = required<std::string>(exercise, "name"),
                                  .title = required<std::string>(exercise, "title"),
                                  .phase = number,
                                  .folder = folder,
                                  .points = required<double>(exercise, "points"),
                                  .core_share = required<double>(exercise, "core_share"),
                                  .worked_example = exercise["worked_example"].value_or(false),
                                  .stands_on = exercise["stands_on"].value_or(std::string()),
                                  .hints = strings(exercise["hints"].as_array())});
    });
    for_each_table(phase, "program", [&](const toml::table& program) {
      course.programs.push_back({.name = required<std::string>(program, "name"),
                                 .folder = folder,
                                 .exercises = strings(program["exercises"].as_array())});
    });
  });
  return course;
}

const Exercise& CourseTable::exercise(const std::string& name) const {
  for (const auto& one : exercises) {
    if (one.name == name) return one;
  }
  throw std::out_of_range("there is no exercise '" + name + "'");
}

std::vector<std::string> CourseTable::programs_of(const std::set<std::string>& wanted) const {
  std::set<std::string> names;
  for (const auto& name : wanted) {
    const Exercise& one = exercise(name);
    std::vector<std::string> containing;
    std::vector<std::string> fitting;
    for (const auto& program : programs) {
      if (std::ranges::find(program.exercises, name) == program.exercises.end()) continue;
      containing.push_back(program.name);
      const bool fits = std::ranges::all_of(
          program.exercises, [&](const auto& other) { return other == name || other == one.stands_on; });
      if (fits) fitting.push_back(program.name);
    }
    const auto& used = fitting.empty() ? containing : fitting;
    names.insert(used.begin(), used.end());
  }
  std::vector<std::string> result;
  for (const auto& program : programs) {
    if (names.contains(program.name)) result.push_back(program.name);
  }
  return result;
}

}  // namespace grader
