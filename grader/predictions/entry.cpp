#include "predictions/entry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace grader {

toml::table parse_toml(const std::filesystem::path& file) {
  try {
    return toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw std::invalid_argument(
        fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \n");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \n") - first + 1);
}

void Entry::allow_only(std::initializer_list<std::string_view> fields) const {
  for (const auto& [key, unused] : table_) {
    if (std::ranges::find(fields, key.str()) == fields.end())
      fail(fmt::format("there is no field '{}' here", key.str()));
  }
}

std::string Entry::text(const char* field) const {
  const auto value = table_[field].value<std::string>();
  if (!value || trimmed(*value).empty()) fail(fmt::format("'{}' is missing", field));
  return trimmed(*value);
}

std::vector<std::string> Entry::texts(const char* field) const {
  std::vector<std::string> texts;
  if (const auto* list = table_[field].as_array()) {
    for (const auto& node : *list) texts.push_back(trimmed(node.value_or(std::string())));
  }
  if (texts.empty() || std::ranges::find(texts, "") != texts.end())
    fail(fmt::format("'{}' is missing, or something in it is empty", field));
  return texts;
}

void Entry::fail(const std::string& what) const {
  throw std::invalid_argument(fmt::format("{}: {}", place_, what));
}

void for_each_question(const std::filesystem::path& file, const std::function<void(const Entry&)>& function) {
  const auto root = parse_toml(file);
  const auto* list = root["question"].as_array();
  if (list == nullptr || list->empty())
    throw std::invalid_argument(fmt::format("{}: there is no [[question]]", file.string()));
  for (const auto& node : *list) {
    const std::string place = fmt::format("{}:{}", file.string(), node.source().begin.line);
    const auto* table = node.as_table();
    if (table == nullptr) throw std::invalid_argument(place + ": this is no question");
    function(Entry(place, *table));
  }
}

}  // namespace grader
