#include "predictions/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <ranges>
#include <sstream>
#include <stdexcept>

#include "harness/did_you_mean.hpp"

namespace grader {
namespace {

void require_fitting(const Setting& setting, const std::string& value, const std::string& place) {
  if (setting.lowest != setting.highest) {
    int number = 0;
    const char* const end = value.data() + value.size();
    const auto [stopped, error] = std::from_chars(value.data(), end, number);
    if (error == std::errc() && stopped == end && number >= setting.lowest && number <= setting.highest)
      return;
    throw std::invalid_argument(fmt::format("{}: '{}' must be a whole number from {} to {}, and is '{}'",
                                            place, setting.name, setting.lowest, setting.highest, value));
  }
  if (setting.words.empty() ? !value.empty() : std::ranges::find(setting.words, value) != setting.words.end())
    return;
  throw std::invalid_argument(fmt::format("{}: '{}' must be {}, and is '{}'", place, setting.name,
                                          setting.words.empty()
                                              ? std::string("some text")
                                              : fmt::format("one of {}", fmt::join(setting.words, ", ")),
                                          value));
}

}  // namespace

Settings::Settings(const std::vector<Setting>& declared, std::map<std::string, std::string> values,
                   const std::string& place)
    : values_(std::move(values)) {
  std::vector<std::string> names;
  for (const auto& setting : declared) names.push_back(setting.name);
  for (const auto& [name, unused] : values_) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const auto meant = did_you_mean(name, names);
    throw std::invalid_argument(fmt::format("{}: there is no setting '{}'{}", place, name,
                                            meant.empty()
                                                ? fmt::format(" (there are: {})", fmt::join(names, ", "))
                                                : fmt::format("; did you mean '{}'?", meant)));
  }
  for (const auto& setting : declared) {
    const auto found = values_.find(setting.name);
    if (found == values_.end())
      throw std::invalid_argument(fmt::format("{}: the setting '{}' is missing", place, setting.name));
    require_fitting(setting, found->second, place);
  }
}

std::vector<std::string> Settings::list(const std::string& name) const {
  std::istringstream words(word(name));
  std::vector<std::string> list;
  for (std::string one; words >> one;) list.push_back(one);
  return list;
}

std::string Settings::fill_in(std::string text) const {
  for (const auto& [name, value] : values_) {
    const std::string placeholder = '{' + name + '}';
    for (auto at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + value.size()))
      text.replace(at, placeholder.size(), value);
  }
  return text;
}

}  // namespace grader
