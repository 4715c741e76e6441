#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "answers/answer_set.hpp"
#include "harness/paths.hpp"
#include "report/course_table.hpp"

namespace grader {

/// A wrong implementation, kept as a patch on the solution: grader/mutants/EXERCISE/NAME.patch. Its
/// first lines say what is wrong with it and how it must be caught:
///
///   # what: commits before it processes
///   # who: everyone who wants to be done with the commit
///   # check: commits_after_processing
///   # diagnosis: committed-before-processing
struct Mutant {
  std::string exercise;
  std::string name;
  std::string what;
  std::string who;
  std::string check;
  std::string diagnosis;
  std::filesystem::path patch;

  /// The name of its answer set.
  [[nodiscard]] std::string set() const { return "mutants/" + exercise + "." + name; }
};

/// A right implementation in another style, as a patch on the solution or as a whole file:
/// grader/variants/EXERCISE/NAME.patch or .cpp.
struct Variant {
  std::string exercise;
  std::string name;
  std::string what;  ///< From its first line: "# what: …" in a patch, "// …" in a file.
  std::filesystem::path file;

  [[nodiscard]] std::string set() const { return "variants/" + exercise + "." + name; }
};

/// All of them, in the order of exercises and names. Throws `std::runtime_error` naming a file whose
/// head is incomplete.
std::vector<Mutant> load_mutants(const Paths& paths, const CourseTable& course);
std::vector<Variant> load_variants(const Paths& paths, const CourseTable& course);

/// The answer sets: the solutions, with one exercise in its patched form, which is written to the
/// build folder. Throws `std::runtime_error` if a patch does not apply.
AnswerSet answers_of(const Mutant& mutant, const Paths& paths, const CourseTable& course);
AnswerSet answers_of(const Variant& variant, const Paths& paths, const CourseTable& course);

}  // namespace grader
