#include "report/verdict_text.hpp"

#include <fmt/format.h>

#include <sstream>

namespace grader {
namespace {

std::string labelled(const std::string& label, const std::string& text) {
  const std::string body = wrapped(text, 12);
  return fmt::format("  {:<10}{}\n", label, body.empty() ? "" : body.substr(12));
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t indent, std::size_t width) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::size_t column = 0;
    for (std::string word; words >> word;) {
      if (column == 0 || column + 1 + word.size() > width) {
        if (!result.empty()) result += '\n';
        result += std::string(indent, ' ') + word;
        column = indent + word.size();
      } else {
        result += ' ' + word;
        column += 1 + word.size();
      }
    }
  }
  return result;
}

std::string to_text(const Verdict& verdict, const std::map<std::string, Diagnosis>& diagnoses) {
  std::string text = fmt::format("{}: {} [{}]\n", verdict.exercise, verdict.title, to_string(verdict.status));
  for (std::size_t i = 0; i < verdict.steps.size(); ++i) {
    const bool last = i + 1 == verdict.steps.size();
    text += fmt::format("  {} {}\n", last && verdict.status == Status::failed ? "x" : "-", verdict.steps[i]);
  }
  if (!verdict.detail.empty()) text += wrapped(verdict.detail, 2) + '\n';
  if (!verdict.finding) return text;

  const auto& [name, expected, observed] = *verdict.finding;
  const auto known = diagnoses.find(name);
  text += fmt::format("\n{}", name);
  if (known == diagnoses.end())
    return text + "\n" + labelled("expected", expected) + labelled("observed", observed);
  const Diagnosis& diagnosis = known->second;
  text += fmt::format("\n{}\n", wrapped(diagnosis.happened, 2));
  text += labelled("expected", expected) + labelled("observed", observed) + labelled("why", diagnosis.why) +
          labelled("next", diagnosis.next) + labelled("read", diagnosis.lesson);
  return text;
}

}  // namespace grader
