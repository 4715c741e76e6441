#pragma once

#include <map>
#include <string>
#include <vector>

namespace grader {

/// What may be changed about an experiment: a word of a list, or a whole number within limits.
struct Setting {
  std::string name;
  std::vector<std::string> words{};  ///< The words that it may be; empty for a number, or for free text.
  int lowest = 0;                    ///< Of a number; both 0 for a word or free text.
  int highest = 0;
};

/// Values of an experiment's settings, by name: checked against what the experiment declares.
class Settings {
 public:
  /// Throws `std::invalid_argument`, beginning with `place`, for a setting that is missing, unknown, or has a
  /// value that it can't have.
  Settings(const std::vector<Setting>& declared, std::map<std::string, std::string> values,
           const std::string& place);

  [[nodiscard]] const std::string& word(const std::string& name) const { return values_.at(name); }
  [[nodiscard]] int number(const std::string& name) const { return std::stoi(values_.at(name)); }
  /// Free text, cut at its spaces.
  [[nodiscard]] std::vector<std::string> list(const std::string& name) const;
  [[nodiscard]] const std::map<std::string, std::string>& all() const { return values_; }

  /// `text` with every "{name}" replaced by the setting's value.
  [[nodiscard]] std::string fill_in(std::string text) const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace grader
