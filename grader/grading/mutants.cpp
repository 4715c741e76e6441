#include "grading/mutants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "grading/head_field.hpp"
#include "harness/command.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

/// The value of "# name: value" in the head of a patch.
std::string field(const fs::path& file, const std::string& name) {
  return required_head_field(file, "# ", name);
}

/// What a variant does otherwise.
std::string first_line(const fs::path& file) {
  if (file.extension() == ".patch") return field(file, "what");
  std::string line;
  std::getline(std::ifstream(file) >> std::ws, line);
  if (!line.starts_with("// "))
    throw std::runtime_error(file.string() + ": the first line does not say what it does ('// …')");
  return line.substr(3);
}

std::vector<fs::path> files_of(const fs::path& folder, const std::vector<std::string>& extensions) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (std::ranges::find(extensions, entry.path().extension().string()) != extensions.end())
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

/// The solution of `exercise` with `patch` applied, in the build folder.
fs::path patched(const fs::path& patch, const Exercise& exercise, const std::string& set,
                 const Paths& paths) {
  const fs::path target = paths.build / "patched" / set / (exercise.name + ".cpp");
  const fs::path fresh = target.string() + ".new";
  fs::create_directories(target.parent_path());
  const auto result =
      run_command({"patch", "--quiet", "--batch", "--output=" + fresh.string(), "--input=" + patch.string(),
                   (paths.root / "solutions" / exercise.source()).string()});
  if (result.exit_code != 0) {
    throw std::runtime_error(
        fmt::format("{} does not apply to the solution: {}", patch.string(), result.output));
  }
  write_if_changed(target, read_text(fresh));
  fs::remove(fresh);
  return target;
}

AnswerSet with(const std::string& set, const std::string& exercise, const fs::path& source,
               const Paths& paths, const CourseTable& course) {
  auto answers = AnswerSet::of_folder(set, paths.root / "solutions", course);
  answers.sources[exercise] = source;
  answers.programs = course.programs_of({exercise});
  return answers;
}

}  // namespace

std::vector<Mutant> load_mutants(const Paths& paths, const CourseTable& course) {
  std::vector<Mutant> mutants;
  for (const auto& exercise : course.exercises) {
    for (const auto& file : files_of(paths.root / "grader/mutants" / exercise.name, {".patch"})) {
      mutants.push_back({.exercise = exercise.name,
                         .name = file.stem(),
                         .what = field(file, "what"),
                         .who = field(file, "who"),
                         .check = field(file, "check"),
                         .diagnosis = field(file, "diagnosis"),
                         .patch = file});
    }
  }
  return mutants;
}

std::vector<Variant> load_variants(const Paths& paths, const CourseTable& course) {
  std::vector<Variant> variants;
  for (const auto& exercise : course.exercises) {
    for (const auto& file : files_of(paths.root / "grader/variants" / exercise.name, {".patch", ".cpp"})) {
      variants.push_back(
          {.exercise = exercise.name, .name = file.stem(), .what = first_line(file), .file = file});
    }
  }
  return variants;
}

AnswerSet answers_of(const Mutant& mutant, const Paths& paths, const CourseTable& course) {
  const auto source = patched(mutant.patch, course.exercise(mutant.exercise), mutant.set(), paths);
  return with(mutant.set(), mutant.exercise, source, paths, course);
}

AnswerSet answers_of(const Variant& variant, const Paths& paths, const CourseTable& course) {
  const auto source = variant.file.extension() == ".patch"
                          ? patched(variant.file, course.exercise(variant.exercise), variant.set(), paths)
                          : variant.file;
  auto answers = with(variant.set(), variant.exercise, source, paths, course);
  answers.headers = {paths.root / "grader/variants"};  // those in whole files share grader/variants/shared
  return answers;
}

}  // namespace grader
