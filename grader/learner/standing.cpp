#include "learner/standing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "grading/check_list.hpp"
#include "harness/text_file.hpp"

namespace grader {

namespace {

namespace fs = std::filesystem;

/// Where the verdicts of the learner's own files are kept.
fs::path learners_verdicts(const Paths& paths) {
  return paths.state / "results/phases/verdicts.json";
}

std::vector<Verdict> verdicts_in(const fs::path& file) {
  std::vector<Verdict> verdicts;
  try {
    for (const auto& one : nlohmann::json::parse(std::ifstream(file)))
      verdicts.push_back(verdict_from_json(one));
  } catch (const std::exception&) {  // nothing was graded yet, or by an older version of the course
    verdicts.clear();
  }
  return verdicts;
}

}  // namespace

std::string place_of_todo(const Paths& paths, const Exercise& exercise) {
  const fs::path file = fs::path("phases") / exercise.source();
  std::ifstream lines(paths.root / file);
  int number = 1;
  for (std::string line; std::getline(lines, line); ++number) {
    if (line.find("TODO(human)") != std::string::npos) return fmt::format("{}:{}", file.string(), number);
  }
  return file.string();
}

std::vector<Standing> standings(const Paths& paths, const CourseTable& course) {
  const auto verdicts = newest_verdicts(paths);
  std::vector<Standing> list;
  for (const auto& exercise : course.exercises) {
    std::vector<Verdict> own;
    std::ranges::copy_if(verdicts, std::back_inserter(own),
                         [&](const Verdict& one) { return one.exercise == exercise.name; });
    Standing standing{.exercise = &exercise, .score = std::nullopt};
    if (!own.empty()) {
      standing.score = score(exercise, own);
      const auto* worst = most_important(own);
      if (worst != nullptr && worst->finding) standing.last_failure = worst->finding->diagnosis;
      std::error_code ignored;
      standing.edited_since = fs::last_write_time(paths.root / "phases" / exercise.source(), ignored) >
                              fs::last_write_time(learners_verdicts(paths), ignored);
    }
    list.push_back(std::move(standing));
  }
  return list;
}

const Standing* next_of(const std::vector<Standing>& standings) {
  const auto next = std::ranges::find_if(standings, [](const Standing& one) { return !one.passed(); });
  return next == standings.end() ? nullptr : &*next;
}

std::optional<std::chrono::seconds> since_last_grade(const Paths& paths) {
  std::error_code none;
  const auto graded = fs::last_write_time(learners_verdicts(paths), none);
  if (none) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(fs::file_time_type::clock::now() - graded);
}

const Exercise& exercise_named(const CourseTable& course, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& exercise : course.exercises) {
    if (exercise.name == name) return exercise;
    names.push_back(exercise.name);
  }
  const std::string meant = did_you_mean(name, names);
  throw std::invalid_argument(fmt::format("there is no exercise '{}'{}", name,
                                          meant.empty()
                                              ? fmt::format(" (exercises: {})", fmt::join(names, ", "))
                                              : fmt::format("; did you mean '{}'?", meant)));
}

void record_grade(const Paths& paths, const Grade& grade, const std::map<std::string, Diagnosis>& diagnoses) {
  const fs::path folder = paths.state / "results" / grade.answers;
  write_if_changed(folder / "last-grade.json", to_json(grade, diagnoses).dump(2) + '\n');
  auto kept = verdicts_in(folder / "verdicts.json");
  for (const auto& verdict : grade.verdicts) {
    std::erase_if(kept, [&](const Verdict& old) {
      return old.exercise == verdict.exercise && old.check == verdict.check;
    });
    kept.push_back(verdict);
  }
  nlohmann::json json = nlohmann::json::array();
  for (const auto& verdict : kept) json.push_back(to_json(verdict));
  write_if_changed(folder / "verdicts.json",
                   json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
}

std::vector<Verdict> newest_verdicts(const Paths& paths) {
  return verdicts_in(learners_verdicts(paths));
}

const Verdict* most_important(const std::vector<Verdict>& verdicts) {
  for (const Status status : {Status::infra_error, Status::disturbed_the_grader, Status::does_not_compile,
                              Status::failed, Status::blocked_by, Status::not_implemented}) {
    const auto found = std::ranges::find(verdicts, status, &Verdict::status);
    if (found != verdicts.end()) return &*found;
  }
  return nullptr;
}

}  // namespace grader
