// course reflect: questions that no broker can settle.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ranges>

#include "harness/did_you_mean.hpp"
#include "predictions/journal.hpp"
#include "predictions/reflection.hpp"
#include "tool/commands.hpp"
#include "tool/predict_view.hpp"
#include "tool/reflect.hpp"

namespace grader {
namespace {

void show_question(const ReflectionQuestion& question, const Terminal& terminal) {
  fmt::print("{}  {}\n\n{}\n", terminal.strong(question.title), terminal.faint("(" + question.name + ")"),
             wrapped(question.text, "", terminal.width()));
}

void show_what_it_touches_on(const ReflectionQuestion& question, const Terminal& terminal) {
  fmt::print("\n{}\n", terminal.strong("What a good answer touches on"));
  for (const auto& point : question.touches_on)
    fmt::print("  - {}", wrapped(point, "    ", terminal.width()).substr(4));
}

/// The lines up to an empty one, or to the end of the input.
std::string read_answer() {
  std::string answer;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty() && !answer.empty()) break;
    if (!line.empty()) answer += (answer.empty() ? "" : "\n") + line;
  }
  return answer;
}

std::vector<ReflectionQuestion> chosen(const std::vector<ReflectionQuestion>& all, const Journal& journal,
                                       const std::string& name) {
  std::vector<ReflectionQuestion> chosen;
  std::vector<std::string> names;
  for (const auto& question : all) {
    names.push_back(question.name);
    if (name.empty() ? !journal.reflection(question.name) : question.name == name) chosen.push_back(question);
  }
  if (name.empty() || !chosen.empty()) return chosen;
  const auto meant = did_you_mean(name, names);
  throw std::invalid_argument(fmt::format("there is no question '{}' to reflect on{} (questions: {})", name,
                                          meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant),
                                          fmt::join(names, ", ")));
}

nlohmann::json to_json(const ReflectionQuestion& question, const std::optional<Reflection>& answer) {
  nlohmann::json json{{"question", question.name},
                      {"title", question.title},
                      {"text", question.text},
                      {"answer", nullptr},
                      {"touches_on", nullptr}};
  if (answer) {
    json["answer"] = answer->text;
    json["touches_on"] = question.touches_on;
  }
  return json;
}

}  // namespace

int reflect(const Paths& paths, const ReflectArguments& arguments) {
  const auto all = load_reflection(paths.root);
  Journal journal(paths.state);
  const Terminal terminal;
  if (!arguments.answer.empty() && arguments.name.empty())
    throw std::invalid_argument("--answer needs the name of a question before it");
  const auto open = chosen(all, journal, arguments.name);
  if (arguments.json && arguments.answer.empty() && (arguments.name.empty() || isatty(STDIN_FILENO) == 1)) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& question : all) {
      if (arguments.name.empty() || question.name == arguments.name)
        list.push_back(to_json(question, journal.reflection(question.name)));
    }
    fmt::print("{}\n", nlohmann::json{{"schema", 1}, {"questions", list}}.dump(2));
    return 0;
  }
  if (open.empty())
    fmt::print("You have answered all questions. ./course reflect NAME shows one again ({}).\n",
               fmt::join(all | std::views::transform(&ReflectionQuestion::name), ", "));
  for (const auto& question : open) {
    if (!arguments.json) {
      if (&question != &open.front()) fmt::print("\n");
      show_question(question, terminal);
    }
    std::string answer = arguments.answer;
    if (answer.empty()) {
      if (!arguments.json && isatty(STDIN_FILENO) == 1)
        fmt::print("A few sentences, and an empty line to end:\n");
      std::fflush(stdout);
      answer = read_answer();
    }
    if (answer.empty()) {
      if (&question != &open.front()) return 0;
      throw std::invalid_argument(
          fmt::format("no answer to {}: give one with --answer, or as lines of the input", question.name));
    }
    journal.set_reflection(question.name, {.text = answer, .written_at = now_in_words()});
    if (arguments.json) {
      fmt::print("{}\n", to_json(question, journal.reflection(question.name)).dump(2));
    } else {
      show_what_it_touches_on(question, terminal);
    }
  }
  return 0;
}

void add_reflect_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("reflect", "answer questions that no broker can settle, and compare");
  auto arguments = std::make_shared<ReflectArguments>();
  command->add_option("question", arguments->name, "one of them; all that are open if none is named");
  command->add_option("--answer", arguments->answer, "your answer, a few sentences");
  command->add_flag("--json", arguments->json, "print it as JSON");
  command->footer(
      "Without --answer it asks at the terminal, or reads from stdin; an empty line ends an answer.");
  command->callback([arguments, &exit_code] { exit_code = reflect(Paths::of_this_checkout(), *arguments); });
}

}  // namespace grader
