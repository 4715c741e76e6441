#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace grader {

/// Parses a file. Throws `std::invalid_argument` with file and line.
toml::table parse_toml(const std::filesystem::path& file);

/// Text without the spaces and line breaks at its ends.
std::string trimmed(const std::string& text);

/// One table of a file of questions, read field by field. Everything throws `std::invalid_argument` with its
/// place.
class Entry {
 public:
  Entry(std::string place, const toml::table& table) : place_(std::move(place)), table_(table) {}

  [[nodiscard]] const std::string& place() const { return place_; }  ///< "FILE:LINE"
  [[nodiscard]] const toml::table& table() const { return table_; }

  /// Refuses every field but these, so that a slip of the pen (or an answer) does not go unnoticed.
  void allow_only(std::initializer_list<std::string_view> fields) const;
  /// A field that must be there and not be empty.
  [[nodiscard]] std::string text(const char* field) const;
  /// A list of texts that must be there and not be empty.
  [[nodiscard]] std::vector<std::string> texts(const char* field) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::string place_;
  const toml::table& table_;
};

/// Calls `function` for every [[question]] of a file; there must be one.
void for_each_question(const std::filesystem::path& file, const std::function<void(const Entry&)>& function);

}  // namespace grader
