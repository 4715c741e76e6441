// course bench: builds the program that measures, and hands over to it.

#include <fmt/format.h>

#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/paths.hpp"
#include "tool/broker_access.hpp"
#include "tool/commands.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

[[noreturn]] void run_bench(std::vector<std::string> arguments) {
  const Paths paths = Paths::of_this_checkout();
  const Terminal terminal;
  terminal.progress("building what measures …");
  const auto built = run_command({"ninja", "-C", paths.build.string(), "--quiet", "course_bench",
                                  "grader/checks/all", "grader/watch/all"});
  terminal.end_progress();
  if (built.exit_code != 0) throw InfraError("the bench can't be built:\n" + built.output);
  arguments.insert(arguments.begin(), (paths.build / "bin/course-bench").string());
  become(arguments, environment_with({}));
}

}  // namespace

void add_bench_command(CLI::App& app, int& /*exit_code: that of the program which takes our place*/) {
  auto* command = app.add_subcommand("bench", "measure the course's speed against its aims");
  command->prefix_command();
  command->set_help_flag();  // --help is the program's
  command->set_help_all_flag();
  command->callback([command] { run_bench(command->remaining()); });
}

}  // namespace grader
