// course predict: questions that the broker answers, once the learner has.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iostream>

#include "evidence/cluster.hpp"
#include "harness/broker_cluster.hpp"
#include "harness/command.hpp"
#include "harness/did_you_mean.hpp"
#include "harness/infra_error.hpp"
#include "predictions/experiments.hpp"
#include "predictions/scene.hpp"
#include "tool/broker_access.hpp"
#include "tool/commands.hpp"
#include "tool/interrupt.hpp"
#include "tool/predict_view.hpp"
#include "tool/reflect.hpp"

namespace grader {
namespace {

struct PredictArguments {
  std::string what;
  std::string answer;
  std::string why;
  std::vector<std::string> changed;  ///< "name=value"
  bool json = false;
};

/// A question with all that belongs to it.
struct Asked {
  const Question* question;
  const Experiment* experiment;
  Settings settings;
};

/// What the command works with.
struct Course {
  Paths paths = Paths::of_this_checkout();
  std::vector<Question> questions = all_questions(paths.root);
  std::vector<Experiment> experiments = all_experiments();
  std::map<std::string, Explanations> explanations =
      load_explanations(paths.root / "grader/predictions/explanations");
  Journal journal{paths.state};
  Terminal terminal{};
};

Asked prepare(const Course& course, const Question& question, const std::vector<std::string>& changed) {
  const auto experiment = std::ranges::find(course.experiments, question.name, &Experiment::name);
  if (experiment == course.experiments.end())
    throw InfraError(fmt::format("{}: there is no experiment '{}'", question.place, question.name));
  auto values = question.settings;
  for (const auto& change : changed) {
    const auto equals = change.find('=');
    if (equals == std::string::npos)
      throw std::invalid_argument("--set takes NAME=VALUE, not '" + change + "'");
    values[change.substr(0, equals)] = change.substr(equals + 1);
  }
  return {.question = &question,
          .experiment = &*experiment,
          .settings =
              Settings(experiment->settings, std::move(values), changed.empty() ? question.place : "--set")};
}

/// The answer as the journal keeps it: a choice's name (which may be shortened), or a number. Throws
/// `std::invalid_argument` with what is possible.
std::string checked_answer(const Question& question, const std::string& word) {
  if (question.choices.empty()) {
    std::int64_t number = 0;
    const auto [stopped, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && stopped == word.data() + word.size()) return std::to_string(number);
    throw std::invalid_argument(
        fmt::format("the answer is a whole number, {}; '{}' is none", question.unit, word));
  }
  std::vector<std::string> names;
  std::vector<std::string> beginning;
  for (const auto& choice : question.choices) {
    names.push_back(choice.name);
    if (!word.empty() && choice.name.starts_with(word)) beginning.push_back(choice.name);
    if (choice.name == word) return word;
  }
  if (beginning.size() == 1) return beginning.front();
  const auto meant = did_you_mean(word, names);
  throw std::invalid_argument(fmt::format("there is no choice '{}'{} (choices: {})", word,
                                          meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant),
                                          fmt::join(names, ", ")));
}

/// A line as "ANSWER" or "ANSWER and why".
std::pair<std::string, std::string> answer_and_why(const std::string& line) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  const auto space = line.find_first_of(" \t", first);
  if (space == std::string::npos) return {line.substr(first), ""};
  const auto rest = line.find_first_not_of(" \t", space);
  return {line.substr(first, space - first), rest == std::string::npos ? "" : line.substr(rest)};
}

/// An answer and why, as it was given.
struct Given {
  std::string answer;
  std::string why;
};

/// Asks at the terminal until there is an answer, or reads a line where there is none. Nothing at the end of
/// the input. An empty line means `earlier`, an answer that was given and never settled, if there is one.
std::optional<Given> read_answer(const Question& question, bool conversing,
                                 const std::optional<Given>& earlier) {
  for (;;) {
    if (conversing) {
      fmt::print("Your answer{}: ",
                 earlier ? fmt::format(" (Enter: {}, as you said before)", earlier->answer) : "");
      std::fflush(stdout);
    }
    std::string line;
    const bool ended = !std::getline(std::cin, line);
    auto [word, why] = answer_and_why(line);
    if (word.empty() && earlier) return earlier;
    if (ended || (word.empty() && !conversing)) return std::nullopt;
    if (word.empty()) continue;
    try {
      Given given{.answer = checked_answer(question, word), .why = why};
      if (conversing && why.empty()) {
        fmt::print("Why? (Enter: no reason) ");
        std::fflush(stdout);
        std::getline(std::cin, given.why);
      }
      return given;
    } catch (const std::invalid_argument& error) {
      if (!conversing) throw;
      fmt::print("{}\n", error.what());
    }
  }
}

/// Shows the question and writes the answer down, before anything is tried. False when there is no answer.
bool ask(Course& course, const Asked& asked, const PredictArguments& arguments) {
  const Question& question = *asked.question;
  const bool conversing = isatty(STDIN_FILENO) == 1 && course.terminal.interactive() && !arguments.json;
  std::optional<Given> given;
  if (!arguments.answer.empty())
    given = Given{.answer = checked_answer(question, arguments.answer), .why = arguments.why};
  if (!arguments.json) fmt::print("{}\n", view_of_question(question, asked.settings, course.terminal));
  if (!given) {
    const auto before = course.journal.predictions(question.name);
    std::optional<Given> earlier;
    if (!before.empty() && !before.back().settled())
      earlier = Given{.answer = before.back().answer, .why = before.back().why};
    given = read_answer(question, conversing, earlier);
    if (!given) return false;
    if (given->why.empty()) given->why = arguments.why;
    if (conversing) fmt::print("\n");
  }
  course.journal.add(question.name, {.answer = given->answer,
                                     .why = given->why,
                                     .made_at = now_in_words(),
                                     .settings = asked.settings.all()});
  return true;
}

/// How long the brokers may take to be whole again after an earlier experiment; usual are three seconds.
constexpr auto recovery_limit = std::chrono::seconds(60);
/// Three brokers take memory, so they do not stay for long when nobody uses them.
constexpr auto idle_limit_of_cluster = std::chrono::minutes(5);

/// Three brokers, whole, that nobody else relies on for as long as `lock` lives.
Place three_brokers(const Paths& paths, std::optional<FileLock>& lock) {
  const auto folder = paths.state / "cluster";
  if (!running_cluster(folder)) {
    start_cluster(paths, folder, {.idle_limit = idle_limit_of_cluster});
    fmt::print(stderr, "course: started three brokers; ./course cluster stop ends them\n");
  }
  lock = FileLock::try_to_get(cluster_use_lock(folder));
  if (!lock)
    throw InfraError("a check or another prediction is using the three brokers; try again when it is done");
  revive_brokers(folder);
  const auto cluster = wait_until_whole(folder, recovery_limit);
  return place_of(cluster, folder);
}

Place one_broker(const Paths& paths) {
  if (const auto cluster = Cluster::from_environment()) return {.client = cluster->admin};
  return {.client = {{"bootstrap.servers", bootstrap_servers(paths)}}};
}

/// Lets the broker answer, and shows what it did.
nlohmann::json settle(Course& course, const Asked& asked, bool json) {
  const std::string& name = asked.question->name;
  std::optional<FileLock> lock;
  const auto place =
      asked.experiment->on_cluster ? three_brokers(course.paths, lock) : one_broker(course.paths);
  if (!json) course.terminal.progress("asking the broker …");
  Observation observed;
  try {
    const Interrupt interrupt;
    Scene scene(course.paths, place, interrupt.token());
    observed = asked.experiment->run(scene, asked.settings);
  } catch (const Interrupted&) {
    course.terminal.end_progress();
    throw InfraError(
        fmt::format("interrupted; your answer is kept, ./course predict {} goes on with it", name));
  }
  course.terminal.end_progress();
  course.journal.settle(name, observed_in_a_word(observed), asked.settings.all());
  const auto prediction = course.journal.predictions(name).back();
  const auto explanations = course.explanations.find(name);
  const auto told = explanations == course.explanations.end() ? Explanations{} : explanations->second;
  if (!json) {
    fmt::print("{}",
               view_of_result(*asked.question, asked.settings, prediction, observed, told, course.terminal));
  }
  return to_json(*asked.question, asked.settings, prediction, observed, told);
}

/// The phase that a word names ("3", "phase3", "3-consumer", "phases/3-consumer"); 0 if it names none.
int phase_named(std::string word) {
  for (const std::string_view start : {"phases/", "phase"}) {
    if (word.starts_with(start)) word.erase(0, start.size());
  }
  int number = 0;
  const auto [stopped, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const std::string_view rest(stopped, static_cast<std::size_t>(word.data() + word.size() - stopped));
  return error == std::errc() && (rest.empty() || rest.starts_with("-")) ? number : 0;
}

std::vector<const Question*> select(const Course& course, const std::string& what) {
  std::vector<const Question*> chosen;
  std::vector<std::string> known;
  const int phase = phase_named(what);
  for (const auto& question : course.questions) {
    if (question.name == what || (phase != 0 && question.phase == phase)) chosen.push_back(&question);
    known.push_back(question.name);
  }
  if (!chosen.empty()) return chosen;
  if (phase != 0) throw std::invalid_argument(fmt::format("there are no predictions in phase {}", phase));
  const auto meant = did_you_mean(what, known);
  throw std::invalid_argument(fmt::format("there is no question '{}'{} (./course predict lists them)", what,
                                          meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant)));
}

nlohmann::json list_as_json(const Course& course) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& question : course.questions) {
    nlohmann::json choices = nlohmann::json::array();
    const auto asked = prepare(course, question, {});
    for (const auto& [name, text] : question.choices)
      choices.push_back({{"name", name}, {"text", asked.settings.fill_in(text)}});
    list.push_back({{"question", question.name},
                    {"phase", question.phase},
                    {"title", question.title},
                    {"text", asked.settings.fill_in(question.text)},
                    {"choices", choices},
                    {"unit", question.unit},
                    {"settings", question.settings},
                    {"settled", course.journal.is_settled(question.name)}});
  }
  return {{"schema", 1}, {"questions", list}};
}

void show_list(const Course& course) {
  const auto& terminal = course.terminal;
  int phase = 0;
  std::string next;
  for (const auto& question : course.questions) {
    if (question.phase != phase)
      fmt::print("{}{}\n", phase == 0 ? "" : "\n", terminal.strong(fmt::format("Phase {}", question.phase)));
    phase = question.phase;
    const bool settled = course.journal.is_settled(question.name);
    if (!settled && next.empty()) next = question.name;
    fmt::print("  {} {:<28}{}\n", settled ? terminal.good("✓") : terminal.faint("·"), question.name,
               question.title);
  }
  fmt::print("\nSay what you think, then see what the broker does: ./course predict {}\n",
             next.empty() ? "NAME" : next);
}

int run_predict(const PredictArguments& arguments) {
  if (phase_named(arguments.what) == reflection_phase)
    return reflect(Paths::of_this_checkout(),
                   {.name = "", .answer = arguments.answer, .json = arguments.json});
  Course course;
  if (arguments.what.empty()) {
    if (!arguments.answer.empty())
      throw std::invalid_argument("--answer needs the name of a question before it");
    if (arguments.json) {
      fmt::print("{}\n", list_as_json(course).dump(2));
    } else {
      show_list(course);
    }
    return 0;
  }
  auto chosen = select(course, arguments.what);
  if (chosen.size() > 1 && !(arguments.answer.empty() && arguments.changed.empty()))
    throw std::invalid_argument(fmt::format("--answer and --set are for one question; phase {} has {}",
                                            chosen.front()->phase, chosen.size()));
  if (chosen.size() > 1) {  // of a phase, those that are open
    std::erase_if(chosen, [&](const Question* one) { return course.journal.is_settled(one->name); });
    if (chosen.empty() && !arguments.json)
      fmt::print("You have made all predictions of this phase. ./course predict NAME makes one again.\n");
  }
  std::vector<Asked> asked;  // before the first question, so that a setting that can't be is named at once
  for (const auto* question : chosen) asked.push_back(prepare(course, *question, arguments.changed));
  nlohmann::json results = nlohmann::json::array();
  for (const auto& one : asked) {
    if (&one != &asked.front() && !arguments.json) fmt::print("\n");
    if (!ask(course, one, arguments)) {
      if (results.empty() || arguments.json)
        throw std::invalid_argument(fmt::format(
            "no answer to {}: give one with --answer, or as a line of the input", one.question->name));
      return 0;
    }
    results.push_back(settle(course, one, arguments.json));
  }
  if (arguments.json) fmt::print("{}\n", (results.size() == 1 ? results.front() : results).dump(2));
  return 0;
}

}  // namespace

void add_predict_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "predict", "say what the broker will do, then see it: ./course predict 3, ./course predict new_group");
  auto arguments = std::make_shared<PredictArguments>();
  command->add_option("what", arguments->what,
                      "a phase (3), or a question; lists all of them if nothing is named");
  command->add_option("--answer", arguments->answer, "your answer: a choice's name, or a number");
  command->add_option("--why", arguments->why, "why you think so, for yourself");
  command->add_option("--set", arguments->changed,
                      "NAME=VALUE: another value for one of the experiment's settings, this time");
  command->add_flag("--json", arguments->json, "print it as JSON");
  command->footer(
      "Without --answer it asks at the terminal, or reads a line for each question from stdin: the answer, "
      "and after a\n"
      "space why. Settings lie in phases/PHASE/predictions.toml, answers in .course/answers.json.");
  command->callback([arguments, &exit_code] { exit_code = run_predict(*arguments); });
}

}  // namespace grader
