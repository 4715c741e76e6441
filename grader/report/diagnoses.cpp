#include "report/diagnoses.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <stdexcept>

namespace grader {
namespace {

/// The anchor that a heading of a Markdown file gets: lower case, hyphens for spaces, no punctuation.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char letter : heading) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 || letter == '_' || letter == '-')
      anchor += static_cast<char>(std::tolower(byte));
    if (letter == ' ') anchor += '-';
  }
  return anchor;
}

bool has_heading(const std::filesystem::path& file, const std::string& anchor) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto text = line.find_first_not_of("# ");
    if (line.starts_with('#') && text != std::string::npos && anchor_of(line.substr(text)) == anchor)
      return true;
  }
  return false;
}

/// One table of the file, read field by field.
class Entry {
 public:
  Entry(std::string file, std::string name, const toml::node& node)
      : file_(std::move(file)), name_(std::move(name)), node_(node) {}

  [[nodiscard]] std::string text(const char* field) const {
    const auto* table = node_.as_table();
    const auto value = table == nullptr ? std::nullopt : (*table)[field].value<std::string>();
    if (!value || value->empty()) fail(fmt::format("has no '{}'", field));
    return *value;
  }

  [[nodiscard]] std::array<std::string, 3> hints() const {
    std::array<std::string, 3> hints;
    const auto* table = node_.as_table();
    const auto* list = table == nullptr ? nullptr : (*table)["hints"].as_array();
    if (list == nullptr || list->size() != hints.size()) fail("needs three 'hints', from vague to clear");
    for (std::size_t i = 0; i < hints.size(); ++i) {
      hints.at(i) = (*list)[i].value_or(std::string());
      if (hints.at(i).empty()) fail(fmt::format("has nothing in hint {}", i + 1));
    }
    return hints;
  }

  [[nodiscard]] std::size_t line() const { return node_.source().begin.line; }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("{}:{}: [{}] {}", file_, line(), name_, what));
  }

  std::string file_;
  std::string name_;
  const toml::node& node_;
};

}  // namespace

std::map<std::string, Diagnosis> load_diagnoses(const std::filesystem::path& file) {
  toml::table root;
  try {
    root = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(
        fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
  std::map<std::string, Diagnosis> diagnoses;
  for (const auto& [key, node] : root) {
    const std::string name(key.str());
    const Entry entry(file.string(), name, node);
    diagnoses[name] = {.name = name,
                       .group = entry.text("group"),
                       .happened = entry.text("happened"),
                       .why = entry.text("why"),
                       .next = entry.text("next"),
                       .lesson = entry.text("lesson"),
                       .hints = entry.hints(),
                       .line = entry.line()};
  }
  return diagnoses;
}

std::vector<Diagnosis> in_order(const std::map<std::string, Diagnosis>& diagnoses) {
  std::vector<Diagnosis> list;
  for (const auto& [unused, diagnosis] : diagnoses) list.push_back(diagnosis);
  std::ranges::sort(list, {}, &Diagnosis::line);
  return list;
}

std::string broken_lesson(const Diagnosis& diagnosis, const std::filesystem::path& root) {
  const auto hash = diagnosis.lesson.find('#');
  const auto file = root / diagnosis.lesson.substr(0, hash);
  if (!std::filesystem::is_regular_file(file))
    return fmt::format("[{}]: there is no lesson {}", diagnosis.name, file.string());
  if (hash == std::string::npos || has_heading(file, diagnosis.lesson.substr(hash + 1))) return "";
  return fmt::format("[{}]: {} has no heading for #{}", diagnosis.name, file.string(),
                     diagnosis.lesson.substr(hash + 1));
}

}  // namespace grader
