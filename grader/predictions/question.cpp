#include "predictions/question.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

namespace grader {
namespace {

namespace fs = std::filesystem;

toml::table parse(const fs::path& file) {
  try {
    return toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(
        fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
}

/// Text without the line breaks at its ends.
std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \n");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \n") - first + 1);
}

/// One question's table, read field by field.
class Entry {
 public:
  Entry(std::string place, const toml::table& table) : place_(std::move(place)), table_(table) {}

  /// Refuses every field but these, so that a slip of the pen (or an answer) does not go unnoticed.
  void allow_only(std::initializer_list<std::string_view> fields) const {
    for (const auto& [key, unused] : table_) {
      if (std::ranges::find(fields, key.str()) == fields.end())
        fail(fmt::format("there is no field '{}' here", key.str()));
    }
  }

  [[nodiscard]] std::string text(const char* field) const {
    const auto value = table_[field].value<std::string>();
    if (!value || trimmed(*value).empty()) fail(fmt::format("'{}' is missing", field));
    return trimmed(*value);
  }

  [[nodiscard]] std::vector<Choice> choices() const {
    std::vector<Choice> choices;
    const auto* list = table_["choices"].as_array();
    if (list == nullptr) return choices;
    std::set<std::string> met;
    for (const auto& node : *list) {
      const auto* table = node.as_table();
      if (table == nullptr) fail("a choice needs a name and a text");
      const Entry entry(place_, *table);
      entry.allow_only({"name", "text"});
      choices.push_back({.name = entry.text("name"), .text = entry.text("text")});
      if (!met.insert(choices.back().name).second || !met.insert(choices.back().text).second)
        fail(fmt::format("the choice '{}' is there twice", choices.back().name));
    }
    return choices;
  }

  [[nodiscard]] std::map<std::string, std::string> settings() const {
    std::map<std::string, std::string> settings;
    const auto* table = table_["settings"].as_table();
    if (table == nullptr) return settings;
    for (const auto& [key, node] : *table) {
      if (const auto number = node.value<std::int64_t>()) {
        settings.emplace(key.str(), std::to_string(*number));
      } else if (const auto text = node.value<std::string>()) {
        settings.emplace(key.str(), *text);
      } else {
        fail(fmt::format("the setting '{}' is neither a number nor text", key.str()));
      }
    }
    return settings;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("{}: {}", place_, what));
  }

 private:
  std::string place_;
  const toml::table& table_;
};

}  // namespace

std::vector<Question> load_questions(const fs::path& file, int phase) {
  const auto root = parse(file);
  std::vector<Question> questions;
  const auto* list = root["question"].as_array();
  if (list == nullptr) throw std::runtime_error(fmt::format("{}: there is no [[question]]", file.string()));
  for (const auto& node : *list) {
    const std::string place = fmt::format("{}:{}", file.string(), node.source().begin.line);
    const auto* table = node.as_table();
    if (table == nullptr) throw std::runtime_error(place + ": this is no question");
    const Entry entry(place, *table);
    entry.allow_only({"name", "title", "text", "choices", "unit", "settings"});
    Question question{.name = entry.text("name"),
                      .phase = phase,
                      .title = entry.text("title"),
                      .text = entry.text("text"),
                      .choices = entry.choices(),
                      .unit = {},
                      .settings = entry.settings(),
                      .place = place};
    if (question.choices.empty()) question.unit = entry.text("unit");
    if (question.choices.size() == 1) entry.fail("a single choice is none");
    questions.push_back(std::move(question));
  }
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
        throw std::runtime_error(
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
    const auto root = parse(file.path());
    for (const auto& [name, node] : root) {
      const auto* table = node.as_table();
      if (table == nullptr)
        throw std::runtime_error(fmt::format("{}: '{}' is no table", file.path().string(), name.str()));
      for (const auto& [outcome, text] : *table) {
        const auto told = trimmed(text.value_or(std::string()));
        if (told.empty())
          throw std::runtime_error(fmt::format("{}: [{}] has nothing to say about '{}'", file.path().string(),
                                               name.str(), outcome.str()));
        explanations[std::string(name.str())][std::string(outcome.str())] = told;
      }
    }
  }
  return explanations;
}

}  // namespace grader
