#include "tool/predict_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace grader {
namespace {

/// No line gets longer, however wide the terminal is: nobody likes to read such lines.
constexpr std::size_t widest = 92;

/// How many columns text takes on a terminal: bytes of UTF-8 that continue a letter take none.
std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t columns) {
  const auto used = columns_of(text);
  return text + std::string(columns > used ? columns - used : 0, ' ');
}

std::string view_of_table(const ResultTable& table, const Terminal& terminal) {
  if (table.rows.empty()) return "";
  std::vector<std::size_t> widths;
  for (const auto& name : table.columns) widths.push_back(columns_of(name));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text = "  ";
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i)
      text += padded(cells[i], widths[i] + 2);
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  std::string text;
  if (std::ranges::any_of(table.columns, [](const auto& name) { return !name.empty(); }))
    text += terminal.faint(line(table.columns)) + '\n';
  for (const auto& row : table.rows) text += line(row) + '\n';
  return text + '\n';
}

std::string view_of_timeline(const std::vector<Moment>& timeline, const Terminal& terminal) {
  if (timeline.empty()) return "";
  std::size_t width = 0;
  for (const auto& moment : timeline) width = std::max(width, columns_of(moment.who));
  std::string text;
  for (const auto& [at, who, what] : timeline) {
    text += fmt::format("  {}  {}  {}\n",
                        terminal.faint(fmt::format("{:7.3f} s", static_cast<double>(at.count()) / 1000.0)),
                        padded(who, width), what);
  }
  return text + '\n';
}

/// An answer in the words of its choice.
std::string in_full(const Question& question, const Settings& settings, const std::string& answer) {
  const auto choice = std::ranges::find(question.choices, answer, &Choice::name);
  if (choice != question.choices.end()) return settings.fill_in(choice->text);
  return question.choices.empty() ? answer + ' ' + question.unit : answer;
}

std::string explanation_of(const Observation& observed, const Settings& settings,
                           const Explanations& explanations) {
  const auto found = explanations.find(observed.number ? "number" : observed.outcome);
  return found == explanations.end() ? "" : settings.fill_in(found->second);
}

}  // namespace

std::string wrapped(const std::string& text, const std::string& indent, std::size_t width) {
  width = std::min(width, widest);
  std::istringstream lines(text);
  std::string result;
  std::string line = indent;
  const auto flush = [&] {
    if (columns_of(line) > indent.size()) result += line + '\n';
    line = indent;
  };
  for (std::string one; std::getline(lines, one);) {
    if (one.empty()) {
      flush();
      result += '\n';
      continue;
    }
    std::istringstream words(one);
    for (std::string word; words >> word;) {
      if (columns_of(line) > indent.size() && columns_of(line) + 1 + columns_of(word) > width) flush();
      if (line != indent) line += ' ';
      line += word;
    }
  }
  flush();
  return result;
}

std::string view_of_question(const Question& question, const Settings& settings, const Terminal& terminal) {
  std::string text =
      fmt::format("{}  {}\n\n", terminal.strong(question.title),
                  terminal.faint(fmt::format("(phase {}, {})", question.phase, question.name)));
  text += wrapped(settings.fill_in(question.text), "", terminal.width());
  if (!question.choices.empty()) text += '\n';
  std::size_t width = 0;
  for (const auto& choice : question.choices) width = std::max(width, columns_of(choice.name));
  for (const auto& [name, what] : question.choices) {
    auto lines = wrapped(settings.fill_in(what), std::string(width + 4, ' '), terminal.width());
    text += "  " + terminal.strong(padded(name, width)) + "  " + lines.substr(width + 4);
  }
  return text;
}

std::string view_of_result(const Question& question, const Settings& settings, const Prediction& prediction,
                           const Observation& observed, const Explanations& explanations,
                           const Terminal& terminal) {
  std::string text = terminal.strong("What the broker did") + "\n\n";
  text += view_of_timeline(observed.timeline, terminal) + view_of_table(observed.table, terminal);
  if (!observed.remark.empty()) text += wrapped(observed.remark, "  ", terminal.width()) + '\n';
  const auto seen = observed_in_a_word(observed);
  const bool same = prediction.answer == seen;
  const auto side = [&](const char* label, const std::string& answer) {
    const std::string indent(14, ' ');
    return fmt::format("  {:<12}", label) +
           wrapped(in_full(question, settings, answer), indent, terminal.width()).substr(indent.size());
  };
  text += side("predicted", prediction.answer);
  if (!prediction.why.empty())
    text += wrapped("(" + prediction.why + ")", std::string(14, ' '), terminal.width());
  text += side("observed", seen);
  text += "  " + (same ? terminal.good("As you said.") : terminal.notable("Not as you said.")) + "\n\n";
  return text + wrapped(explanation_of(observed, settings, explanations), "", terminal.width());
}

std::string observed_in_a_word(const Observation& observed) {
  return observed.number ? std::to_string(*observed.number) : observed.outcome;
}

nlohmann::json to_json(const Question& question, const Settings& settings, const Prediction& prediction,
                       const Observation& observed, const Explanations& explanations) {
  const auto seen = observed_in_a_word(observed);
  nlohmann::json timeline = nlohmann::json::array();
  for (const auto& [at, who, what] : observed.timeline)
    timeline.push_back({{"at_ms", at.count()}, {"who", who}, {"what", what}});
  return {{"schema", 1},
          {"question", question.name},
          {"phase", question.phase},
          {"settings", settings.all()},
          {"predicted", prediction.answer},
          {"why", prediction.why},
          {"observed", seen},
          {"as_predicted", prediction.answer == seen},
          {"table", {{"columns", observed.table.columns}, {"rows", observed.table.rows}}},
          {"timeline", timeline},
          {"remark", observed.remark},
          {"explanation", explanation_of(observed, settings, explanations)}};
}

}  // namespace grader
