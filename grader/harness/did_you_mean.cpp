#include "harness/did_you_mean.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace grader {
namespace {

/// Letters to insert, delete or replace to make one word the other (Levenshtein).
std::size_t distance(const std::string& from, const std::string& to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < to.size(); ++k) {
      const std::size_t replaced = diagonal + (from[i] == to[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({replaced, row[k] + 1, row[k + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const auto nearest =
      std::ranges::min_element(known, {}, [&](const std::string& one) { return distance(word, one); });
  if (nearest == known.end()) return "";
  const std::size_t tolerated = std::max<std::size_t>(2, word.size() / 3);
  return distance(word, *nearest) <= tolerated ? *nearest : "";
}

}  // namespace grader
