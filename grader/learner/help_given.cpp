#include "learner/help_given.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/text_file.hpp"

namespace grader {

HelpGiven::HelpGiven(std::filesystem::path file) : file_(std::move(file)) {
  try {
    const auto json = nlohmann::json::parse(std::ifstream(file_));
    json.at("hints").get_to(hints_);
    json.at("solutions_seen").get_to(seen_);
  } catch (const nlohmann::json::exception&) {
    hints_.clear();
    seen_.clear();
  }
}

std::size_t HelpGiven::hints_given(const std::string& exercise, const std::string& subject) const {
  const auto of_exercise = hints_.find(exercise);
  if (of_exercise == hints_.end()) return 0;
  const auto count = of_exercise->second.find(subject);
  return count == of_exercise->second.end() ? 0 : count->second;
}

void HelpGiven::note_hint(const std::string& exercise, const std::string& subject) {
  ++hints_[exercise][subject];
  save();
}

void HelpGiven::note_solution(const std::string& exercise) {
  if (seen_.insert(exercise).second) save();
}

void HelpGiven::save() const {
  write_if_changed(
      file_, nlohmann::json{{"schema", 1}, {"hints", hints_}, {"solutions_seen", seen_}}.dump(1) + '\n');
}

}  // namespace grader
