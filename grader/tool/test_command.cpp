// course test: everything that has to hold before a change lands.

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "harness/infra_error.hpp"
#include "harness/paths.hpp"
#include "tool/commands.hpp"

namespace grader {

void add_test_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "test", "test the course itself: build, style, unit tests, and the grader's own test");
  command->callback([&exit_code] {
    const std::string script = (Paths::of_this_checkout().root / "grader/tests/run-all.sh").string();
    execl(script.c_str(), script.c_str(), nullptr);
    exit_code = 2;
    throw InfraError("can't run " + script + ": " + std::generic_category().message(errno));
  });
}

}  // namespace grader
