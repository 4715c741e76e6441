#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/paths.hpp"
#include "report/course_table.hpp"

namespace grader {

/// One set of answers to the exercises, and where its programs are built.
struct AnswerSet {
  std::string name;  ///< "phases", "solutions", …; its folder below build/answers.
  std::map<std::string, std::filesystem::path> sources;  ///< By exercise; what is not named is the skeleton.
  std::vector<std::string> programs{};                   ///< Those to build; all if empty.
  std::vector<std::filesystem::path> headers{};          ///< Folders of headers beside the course's own.

  /// The files of `folder` that are answers: folder/2-producer/produce_event.cpp and so on. Whatever
  /// else is there is not looked at.
  static AnswerSet of_folder(std::string name, const std::filesystem::path& folder,
                             const CourseTable& course);
};

/// Where the programs of a set are.
std::filesystem::path answers_folder(const Paths& paths, const std::string& set);
std::filesystem::path program_path(const Paths& paths, const std::string& set, const std::string& program);

/// The name of the same program with the reference in place of every exercise on which another one of
/// it stands: it shows whose fault a failure is.
std::string on_reference(const std::string& program);

/// Builds what has changed of the programs of `sets`. A source that several sets name is compiled once,
/// for the first of them. An exercise that does not compile is no error here (see `compiler_errors`).
/// Throws `InfraError` when the build itself is broken.
void build_answers(const Paths& paths, const CourseTable& course, const std::vector<AnswerSet>& sets);

/// What the compiler said of an exercise that did not compile at the last build; empty if it did.
std::string compiler_errors(const Paths& paths, const std::string& set, const Exercise& exercise);

/// The first error among what a compiler said, with its place, as one or a few lines.
std::string first_error(const std::string& compiler_errors);

}  // namespace grader
