#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace grader {

/// What the course says about one kind of mistake; expected and observed come from the check.
struct Diagnosis {
  std::string name;      ///< Stable; results, tests and docs refer to it.
  std::string happened;  ///< What happened, in the course's words.
  std::string why;       ///< Why Kafka does this.
  std::string next;      ///< One next step.
  std::string lesson;    ///< Where to read on, as a path in the checkout.
};

/// All diagnoses by name, from grader/report/diagnoses.toml. Throws `std::runtime_error` naming the
/// place of what is wrong in the file.
std::map<std::string, Diagnosis> load_diagnoses(const std::filesystem::path& file);

}  // namespace grader
