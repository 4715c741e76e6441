#include "predictions/question.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <set>
#include <stdexcept>

#include "predictions/entry.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

std::vector<Choice> choices_of(const Entry& question) {
  std::vector<Choice> choices;
  const auto* list = question.table()["choices"].as_array();
  if (list == nullptr) return choices;
  std::set<std::string> names;
  std::set<std::string> texts;
  for (const auto& node : *list) {
    const auto* table = node.as_table();
    if (table == nullptr) question.fail("a choice needs a name and a text");
    const Entry entry(question.place(), *table);
    entry.allow_only({"name", "text"});
    choices.push_back({.name = entry.text("name"), .text = entry.text("text")});
    if (!names.insert(choices.back().name).second || !texts.insert(choices.back().text).second)
      question.fail(fmt::format("the choice '{}' is there twice", choices.back().name));
  }
  if (choices.size() == 1) question.fail("a single choice is none");
  return choices;
}

std::map<std::string, std::string> settings_of(const Entry& question) {
  std::map<std::string, std::string> settings;
  const auto* table = question.table()["settings"].as_table();
  if (table == nullptr) return settings;
  for (const auto& [key, node] : *table) {
    if (const auto number = node.value_exact<std::int64_t>()) {
      settings.emplace(key.str(), std::to_string(*number));
    } else if (const auto text = node.value_exact<std::string>()) {
      settings.emplace(key.str(), *text);
    } else {
      question.fail(fmt::format("the setting '{}' is neither a whole number nor text", key.str()));
    }
  }
  return settings;
}

}  // namespace

std::vector<Question> load_questions(const fs::path& file, int phase) {
  std::vector<Question> questions;
  for_each_question(file, [&](const Entry& entry) {
    entry.allow_only({"name", "title", "text", "choices", "unit", "settings"});
    Question question{.name = entry.text("name"),
                      .phase = phase,
                      .title = entry.text("title"),
                      .text = entry.text("text"),
                      .choices = choices_of(entry),
                      .unit = {},
                      .settings = settings_of(entry),
                      .place = entry.place()};
    if (question.choices.empty()) question.unit = entry.text("unit");
    questions.push_back(std::move(question));
  });
  return questions;
}

std::vector<Question> all_questions(const fs::path& root) {
  std::map<int, fs::path> files;
  for (const auto& entry : fs::directory_iterator(root / "phases")) {
    const fs::path file = entry.path() / "predictions.toml";
    const int phase = std::atoi(entry.path().filename().c_str());
    if (phase > 0 && fs::exists(file)) files[phase] = file;
  }
  std::vector<Question> questions;
  std::set<std::string> met;
  for (const auto& [phase, file] : files) {
    for (auto& question : load_questions(file, phase)) {
      if (!met.insert(question.name).second)
        throw std::invalid_argument(
            fmt::format("{}: there is another question '{}'", question.place, question.name));
      questions.push_back(std::move(question));
    }
  }
  return questions;
}

std::map<std::string, Explanations> load_explanations(const fs::path& folder) {
  std::map<std::string, Explanations> explanations;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() != ".toml") continue;
    const auto root = parse_toml(file.path());
    for (const auto& [name, node] : root) {
      const auto* table = node.as_table();
      const std::string place = fmt::format("{}: [{}]", file.path().string(), name.str());
      if (table == nullptr) throw std::invalid_argument(place + " is no table");
      const Entry entry(place, *table);
      for (const auto& [outcome, unused] : *table)
        explanations[std::string(name.str())][std::string(outcome.str())] =
            entry.text(std::string(outcome.str()).c_str());
    }
  }
  return explanations;
}

}  // namespace grader
