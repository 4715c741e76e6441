// course soak: right programs graded again and again. Every verdict but "passed" is a false one.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "grading/soak.hpp"
#include "tool/commands.hpp"
#include "tool/interrupt.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

struct SoakArguments {
  SoakOptions options;
  bool json = false;
};

std::string in_words(const SoakRecord& record) {
  SoakCount solutions;
  SoakCount variants;
  unsigned sets = 0;
  for (const auto& [name, count] : record.sets) {
    (name == "solutions" ? solutions : variants) += count;
    sets += name == "solutions" ? 0U : 1U;
  }
  const auto line = [](const std::string& what, const SoakCount& count) {
    return fmt::format("{:<14} {} runs, {} of them under load: {} checks, {} did not pass\n", what,
                       count.runs, count.under_load, count.checks, count.not_passed);
  };
  return line("solutions", solutions) + line(fmt::format("{} variants", sets), variants);
}

int run_soak(SoakArguments& arguments) {
  const Paths paths = Paths::of_this_checkout();
  const auto course = CourseTable::load(paths.root / "grader/exercises.toml");
  arguments.options.folder = paths.state / "soak";
  const Terminal terminal;
  const Interrupt interrupt;
  const auto started = std::chrono::steady_clock::now();
  unsigned first = 0;
  std::size_t shown = SoakRecord::load(arguments.options.folder / "soak.json").surprises.size();
  const auto record = soak(
      paths, course, arguments.options,
      {.phase =
           [&](const std::string& text) {
             if (!arguments.json) fmt::print("{}\n", text);
           },
       .round =
           [&](const SoakRecord& so_far, unsigned done, unsigned all) {
             if (arguments.json) return;
             for (; shown < so_far.surprises.size(); ++shown) {
               const auto& one = so_far.surprises[shown];
               terminal.end_progress();
               fmt::print("{}", terminal.bad(fmt::format("{} × {}: {} ({}), see {}\n", one.answers, one.check,
                                                         one.verdict, one.diagnosis, one.evidence)));
             }
             if (first == 0) first = done;
             const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started;
             const double left = done == first ? 0 : spent.count() / (done - first + 1) * (all - done);
             terminal.progress(
                 fmt::format("{}/{} runs of the solutions, {} verdicts not passed, about {:.0f} s "
                             "left; Ctrl+C stops, the next soak goes on",
                             done, all, so_far.surprises.size(), left));
           }},
      interrupt.token());
  terminal.end_progress();
  if (arguments.json) {
    fmt::print("{}\n", record.to_json().dump(1));
  } else {
    fmt::print("{}", in_words(record));
    for (const auto& one : record.surprises)
      fmt::print("  {} × {}: {} ({}){}\n    {}\n", one.answers, one.check, one.verdict, one.diagnosis,
                 one.under_load ? ", under load" : "", one.evidence);
    if (interrupt.token().stop_requested())
      fmt::print("Stopped. The same command goes on where it was; remove {} to begin anew.\n",
                 arguments.options.folder.string());
  }
  if (record.surprises.empty()) return 0;
  const bool only_infra = std::ranges::all_of(record.surprises, [](const SoakSurprise& one) {
    return one.verdict == to_string(Status::infra_error);
  });
  return only_infra ? 2 : 1;
}

}  // namespace

void add_soak_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "soak", "grade right programs again and again: every verdict but passed is a false one");
  auto arguments = std::make_shared<SoakArguments>();
  command->add_option("--runs", arguments->options.runs, "of the solutions, in all; earlier sittings count")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--variant-runs", arguments->options.variant_runs, "of each variant, in all")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  command->add_flag("--load", arguments->options.load,
                    "keep every processor busy meanwhile, and run two grades side by side");
  add_jobs_option(*command, arguments->options.jobs);
  command->add_flag("--json", arguments->json, "print the record as JSON");
  command->callback([arguments, &exit_code] { exit_code = run_soak(*arguments); });
}

}  // namespace grader
