#include "answers/answer_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/isolation.hpp"
#include "harness/text_file.hpp"

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

/// Writes ninja's build statements (https://ninja-build.org/manual.html) for several sets.
class BuildFile {
 public:
  BuildFile(const Paths& paths, const CourseTable& course) : paths_(paths), course_(course) {}

  void add(const AnswerSet& set) {
    for (const auto& program : course_.programs) {
      if (!set.programs.empty() && std::ranges::find(set.programs, program.name) == set.programs.end())
        continue;
      add_program(set, program, program.name, {});
      const auto foundations = stood_on(program);
      if (!foundations.empty()) add_program(set, program, on_reference(program.name), foundations);
    }
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  /// The exercises of a program on which another one of it stands.
  [[nodiscard]] std::vector<std::string> stood_on(const PhaseProgram& program) const {
    std::vector<std::string> names;
    for (const auto& name : program.exercises) {
      if (const auto& other = course_.exercise(name).stands_on; !other.empty()) names.push_back(other);
    }
    return names;
  }

  void add_program(const AnswerSet& set, const PhaseProgram& program, const std::string& name,
                   const std::vector<std::string>& from_reference) {
    std::string objects;
    for (const auto& exercise : program.exercises) {
      const bool reference = std::ranges::find(from_reference, exercise) != from_reference.end();
      objects += ' ' + object(reference ? reference_for(set) : set, course_.exercise(exercise));
    }
    text_ += fmt::format("build {}: link $main_{}{} | $support\n",
                         escaped(program_path(paths_, set.name, name)), program.name, objects);
  }

  /// The solutions, built into a folder of their own below the set's.
  [[nodiscard]] AnswerSet reference_for(const AnswerSet& set) const {
    return AnswerSet::of_folder(set.name + "/reference", paths_.root / "solutions", course_);
  }

  /// The object of an exercise; its statement is written when the source is met for the first time.
  std::string object(const AnswerSet& set, const Exercise& exercise) {
    const fs::path skeleton = paths_.root / "grader/skeletons" / exercise.source();
    const auto given = set.sources.find(exercise.name);
    const fs::path source = given == set.sources.end() ? skeleton : given->second;
    const auto [known, is_new] =
        objects_.try_emplace(source, escaped(object_path(paths_, set.name, exercise)));
    if (is_new) {
      std::string headers;
      for (const auto& folder : set.headers) headers += fmt::format(" -I'{}'", escaped(folder));
      text_ += fmt::format(
          "build {}: compile {} | {} $script\n  name = {}\n  source = {}\n  skeleton = {}\n  "
          "headers ={}\n",
          known->second, escaped(source), escaped(skeleton), exercise.name,
          escaped(fs::proximate(source, paths_.root)), escaped(fs::proximate(skeleton, paths_.root)),
          headers);
    }
    return known->second;
  }

  const Paths& paths_;
  const CourseTable& course_;
  std::map<fs::path, std::string> objects_;
  std::string text_;
};

}  // namespace

AnswerSet AnswerSet::of_folder(std::string name, const fs::path& folder, const CourseTable& course) {
  AnswerSet set{.name = std::move(name), .sources = {}};
  for (const auto& exercise : course.exercises) {
    const fs::path source = folder / exercise.source();
    if (fs::exists(source)) set.sources[exercise.name] = source;
  }
  return set;
}

fs::path answers_folder(const Paths& paths, const std::string& set) {
  return paths.build / "answers" / set;
}

fs::path program_path(const Paths& paths, const std::string& set, const std::string& program) {
  return answers_folder(paths, set) / "bin" / program;
}

std::string on_reference(const std::string& program) {
  return program + ".on-reference";
}

void build_answers(const Paths& paths, const CourseTable& course, const std::vector<AnswerSet>& sets) {
  // Every call has a build file of its own name, so that two grades at once don't overwrite each other's.
  std::string name;
  for (const auto& set : sets) name += (name.empty() ? "" : "+") + set.name;
  if (sets.size() > 3) name = fmt::format("{}+{}-more", sets.front().name, sets.size() - 1);
  std::ranges::replace(name, '/', '.');
  const fs::path folder = paths.build / "answers";
  fs::create_directories(folder);
  const FileLock lock(folder / (name + ".lock"));
  const fs::path file = folder / (name + ".ninja");
  std::string text = fmt::format("builddir = {}\ninclude {}\n", escaped(folder / (name + ".state")),
                                 escaped(paths.build / "answers_toolchain.ninja"));
  BuildFile statements(paths, course);
  for (const auto& set : sets) statements.add(set);
  write_if_changed(file, text + statements.text());

  // An exercise must not read at compile time what it can't read when it runs.
  const bool sandbox = probe_isolation(paths).tier >= Tier::open_network;
  const auto result = run_command({"env", fmt::format("COURSE_COMPILE_IN={}", sandbox ? "sandbox" : ""),
                                   "ninja", "--quiet", "-C", paths.root.string(), "-f", file.string()});
  if (result.exit_code != 0) {
    if (result.output.find("interrupted by user") != std::string::npos) throw InfraError("interrupted");
    throw InfraError("the exercises can't be built, and not because of what is in them:\n" + result.output +
                     "\nIf the disk is not full and the packages are complete (infra/install.sh --check), "
                     "please report this.");
  }
}

std::string compiler_errors(const Paths& paths, const std::string& set, const Exercise& exercise) {
  return read_text(object_path(paths, set, exercise).string() + ".errors");
}

std::string first_error(const std::string& compiler_errors) {
  std::istringstream lines(compiler_errors);
  std::string found;
  int wanted = 0;
  for (std::string line; std::getline(lines, line);) {
    if (found.empty() && line.find("error:") != std::string::npos)
      wanted = 3;  // the error, its source line, its caret
    if (wanted-- > 0) found += (found.empty() ? "" : "\n") + line;
  }
  return found.empty() ? compiler_errors.substr(0, 500) : found;
}

}  // namespace grader
