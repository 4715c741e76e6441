#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace grader {

/// What a figure should be.
struct Aim {
  enum class Kind { at_most, at_least } kind;
  double value;
};

/// The median of several runs and the range in which they lay; nothing if `values` is empty.
struct Summary {
  double median;
  double low;
  double high;
  std::size_t runs;

  static std::optional<Summary> of(std::vector<double> values);
};

/// One line of the report.
struct Figure {
  std::string name;
  std::string unit;                   ///< "s", "MB", "/s"; empty for a ratio.
  std::optional<Summary> measured{};  ///< Absent if it could not be measured; `note` then says why.
  std::optional<Aim> aim{};
  std::string note{};

  /// Nothing if there is no aim, or no figure.
  [[nodiscard]] std::optional<bool> met() const;
};

/// The figures of one kind.
struct Section {
  std::string name;  ///< As on the command line.
  std::string title;
  std::vector<Figure> figures{};
};

/// The ratios of two series that were measured in turns: drift of the machine falls out of each pair.
std::vector<double> ratios(const std::vector<double>& of, const std::vector<double>& to);

std::string to_text(const Section& section);
nlohmann::json to_json(const Section& section);

}  // namespace grader
