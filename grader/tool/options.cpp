#include "tool/commands.hpp"

namespace grader {

void add_jobs_option(CLI::App& command, unsigned& jobs) {
  command.add_option("-j,--jobs", jobs, "checks side by side")
      ->capture_default_str()
      ->check(CLI::Range(1, 32));
}

}  // namespace grader
