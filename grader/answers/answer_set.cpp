#include "answers/answer_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "harness/command.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

/// A path as ninja wants it in a build statement.
std::string escaped(const fs::path& path) {
  std::string text;
  for (const char letter : path.string()) {
    if (letter == ' ' || letter == ':' || letter == '$') text += '$';
    text += letter;
  }
  return text;
}

fs::path object_path(const Paths& paths, const std::string& set, const Exercise& exercise) {
  return answers_folder(paths, set) / exercise.folder / (exercise.name + ".o");
}

/// The build statements of one set, in ninja's language (https://ninja-build.org/manual.html).
std::string statements(const Paths& paths, const CourseTable& course, const AnswerSet& set,
                       const std::vector<std::string>& only) {
  std::string text;
  const auto wanted = [&](const PhaseProgram& program) {
    return only.empty() || std::ranges::find(only, program.name) != only.end();
  };
  for (const auto& exercise : course.exercises) {
    const bool used = std::ranges::any_of(course.programs, [&](const PhaseProgram& program) {
      return wanted(program) && std::ranges::find(program.exercises, exercise.name) != program.exercises.end();
    });
    if (!used) continue;
    const fs::path skeleton = paths.root / "grader/skeletons" / exercise.source();
    const auto given = set.sources.find(exercise.name);
    const fs::path source = given == set.sources.end() ? skeleton : given->second;
    text += fmt::format("build {}: compile {} | {} $script\n  name = {}\n  source = {}\n  skeleton = {}\n",
                        escaped(object_path(paths, set.name, exercise)), escaped(source), escaped(skeleton),
                        exercise.name, escaped(fs::proximate(source, paths.root)),
                        escaped(fs::proximate(skeleton, paths.root)));
  }
  for (const auto& program : course.programs) {
    if (!wanted(program)) continue;
    std::string objects;
    for (const auto& name : program.exercises) objects += ' ' + escaped(object_path(paths, set.name, course.exercise(name)));
    text += fmt::format("build {}: link $main_{}{} | $support\n", escaped(program_path(paths, set.name, program.name)),
                        program.name, objects);
  }
  return text;
}

}  // namespace

AnswerSet AnswerSet::of_folder(std::string name, const fs::path& folder, const CourseTable& course) {
  AnswerSet set{.name = std::move(name), .sources = {}};
  for (const auto& exercise : course.exercises) {
    const fs::path source = folder / exercise.source();
    if (fs::exists(source)) set.sources[exercise.name] = source;
  }
  return set;
}

fs::path answers_folder(const Paths& paths, const std::string& set) { return paths.build / "answers" / set; }

fs::path program_path(const Paths& paths, const std::string& set, const std::string& program) {
  return answers_folder(paths, set) / "bin" / program;
}

void build_answers(const Paths& paths, const CourseTable& course, const std::vector<AnswerSet>& sets,
                   const std::vector<std::string>& only) {
  // Every call has a build file of its own name, so that two grades at once don't overwrite each other's.
  std::string name;
  for (const auto& set : sets) name += (name.empty() ? "" : "+") + set.name;
  if (sets.size() > 3) name = fmt::format("{}+{}-more", sets.front().name, sets.size() - 1);
  const fs::path folder = paths.build / "answers";
  fs::create_directories(folder);
  const FileLock lock(folder / (name + ".lock"));
  const fs::path file = folder / (name + ".ninja");
  std::string text = fmt::format("builddir = {}\ninclude {}\n", escaped(folder / (name + ".state")),
                                 escaped(paths.build / "answers_toolchain.ninja"));
  for (const auto& set : sets) text += statements(paths, course, set, only);
  write_if_changed(file, text);

  const auto result = run_command({"ninja", "--quiet", "-C", paths.root.string(), "-f", file.string()});
  if (result.exit_code != 0) {
    throw InfraError("the exercises can't be built, and not because of what is in them:\n" + result.output +
                     "\nIf the disk is not full and the toolchain is complete (./course doctor), please report this.");
  }
}

std::string compiler_errors(const Paths& paths, const std::string& set, const Exercise& exercise) {
  const std::ifstream file(object_path(paths, set, exercise).string() + ".errors");
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return std::move(text).str();
}

std::string first_error(const std::string& compiler_errors) {
  std::istringstream lines(compiler_errors);
  std::string found;
  int wanted = 0;
  for (std::string line; std::getline(lines, line);) {
    if (found.empty() && line.find("error:") != std::string::npos) wanted = 3;  // the error, its source line, its caret
    if (wanted-- > 0) found += (found.empty() ? "" : "\n") + line;
  }
  return found.empty() ? compiler_errors.substr(0, 500) : found;
}

}  // namespace grader
