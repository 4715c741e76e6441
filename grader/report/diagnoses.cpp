#include "report/diagnoses.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <stdexcept>

namespace grader {

std::map<std::string, Diagnosis> load_diagnoses(const std::filesystem::path& file) {
  toml::table root;
  try {
    root = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(
        fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
  std::map<std::string, Diagnosis> diagnoses;
  for (const auto& [name, node] : root) {
    const auto* table = node.as_table();
    const auto text = [&, key = std::string(name.str())](const char* field) {
      const auto value = table == nullptr ? std::nullopt : (*table)[field].value<std::string>();
      if (!value || value->empty()) {
        throw std::runtime_error(
            fmt::format("{}:{}: [{}] has no '{}'", file.string(), node.source().begin.line, key, field));
      }
      return *value;
    };
    diagnoses[std::string(name.str())] = {.name = std::string(name.str()),
                                          .happened = text("happened"),
                                          .why = text("why"),
                                          .next = text("next"),
                                          .lesson = text("lesson")};
  }
  return diagnoses;
}

}  // namespace grader
