#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace grader {

/// What the course says about one kind of mistake; expected and observed come from the check.
struct Diagnosis {
  std::string name;                    ///< Stable; results, tests and docs refer to it.
  std::string group;                   ///< The heading under which it is listed.
  std::string happened;                ///< What happened, in the course's words.
  std::string why;                     ///< Why Kafka does this.
  std::string next;                    ///< One next step.
  std::string lesson;                  ///< Where to read on: a path in the checkout, with #heading.
  std::array<std::string, 3> hints{};  ///< From vague to nearly the answer, given one by one.
  std::size_t line = 0;                ///< In the file, which has the order in which they are listed.
};

/// All diagnoses by name, from grader/report/diagnoses.toml. Throws `std::runtime_error` naming the
/// place of what is wrong in the file: a field that is missing or empty, other than three hints.
std::map<std::string, Diagnosis> load_diagnoses(const std::filesystem::path& file);

/// The same in the order of the file.
std::vector<Diagnosis> in_order(const std::map<std::string, Diagnosis>& diagnoses);

/// Why the lesson of a diagnosis leads nowhere in the checkout at `root`: no such file, or no such
/// heading in it. Empty if it leads somewhere.
std::string broken_lesson(const Diagnosis& diagnosis, const std::filesystem::path& root);

}  // namespace grader
