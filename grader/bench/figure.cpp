#include "bench/figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace grader {
namespace {

/// As many digits as say something: 1234567, 1234, 12.3, 1.23, 0.012.
std::string number(double value) {
  const double size = std::abs(value);
  if (size >= 100) return fmt::format("{:.0f}", value);
  if (size >= 10) return fmt::format("{:.1f}", value);
  return size >= 0.1 || size == 0 ? fmt::format("{:.2f}", value) : fmt::format("{:.3f}", value);
}

std::string with_unit(double value, const std::string& unit) {
  if (unit == "/s" && value >= 10'000) return fmt::format("{:.2f} million/s", value / 1e6);
  return number(value) + (unit.empty() ? "" : " " + unit);
}

std::string in_words(const Aim& aim, const std::string& unit) {
  return (aim.kind == Aim::Kind::at_most ? "≤ " : "≥ ") + fmt::format("{:g}", aim.value) +
         (unit.empty() ? "" : " " + unit);
}

}  // namespace

std::optional<Summary> Summary::of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return Summary{.median = median, .low = values.front(), .high = values.back(), .runs = values.size()};
}

std::optional<bool> Figure::met() const {
  if (!aim || !measured) return std::nullopt;
  return aim->kind == Aim::Kind::at_most ? measured->median <= aim->value : measured->median >= aim->value;
}

std::vector<double> ratios(const std::vector<double>& of, const std::vector<double>& to) {
  std::vector<double> result;
  for (std::size_t i = 0; i < std::min(of.size(), to.size()); ++i) result.push_back(of[i] / to[i]);
  return result;
}

std::string to_text(const Section& section) {
  std::string text = section.title + '\n';
  for (const auto& figure : section.figures) {
    if (!figure.measured) {
      text += fmt::format("  {:<52} not measured: {}\n", figure.name, figure.note);
      continue;
    }
    const Summary& measured = *figure.measured;
    std::string range;
    if (measured.runs > 1) {
      const bool millions = figure.unit == "/s" && measured.low >= 10'000;
      const double scale = millions ? 1e6 : 1;
      range = fmt::format("{}–{} in {}", number(measured.low / scale), number(measured.high / scale),
                          measured.runs);
    }
    // Two bytes of UTF-8 in a dash count as one column for fmt, which knows the width of text.
    std::string line =
        fmt::format("  {:<52} {:>16}  {:<20}", figure.name, with_unit(measured.median, figure.unit), range);
    if (figure.aim) {
      line +=
          fmt::format("  aim {:<9} {}", in_words(*figure.aim, figure.unit), *figure.met() ? "met" : "missed");
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
    if (!figure.note.empty()) text += fmt::format("    {}\n", figure.note);
  }
  return text;
}

nlohmann::json to_json(const Section& section) {
  nlohmann::json figures = nlohmann::json::array();
  for (const auto& figure : section.figures) {
    nlohmann::json one{{"name", figure.name}, {"unit", figure.unit}, {"value", nullptr}};
    if (figure.measured) {
      one["value"] = figure.measured->median;
      one["low"] = figure.measured->low;
      one["high"] = figure.measured->high;
      one["runs"] = figure.measured->runs;
    }
    if (figure.aim) {
      one["aim"] = {{figure.aim->kind == Aim::Kind::at_most ? "at_most" : "at_least", figure.aim->value}};
    }
    if (const auto met = figure.met()) one["met"] = *met;
    if (!figure.note.empty()) one[figure.measured ? "note" : "not_measured"] = figure.note;
    figures.push_back(std::move(one));
  }
  return {{"section", section.name}, {"title", section.title}, {"figures", std::move(figures)}};
}

}  // namespace grader
