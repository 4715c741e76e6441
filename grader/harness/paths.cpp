#include "harness/paths.hpp"

#include <cstdlib>
#include <string>

namespace grader {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables at run time
  return value == nullptr ? "" : value;
}

}  // namespace

Paths Paths::of_this_checkout() {
  Paths paths{.root = COURSE_SOURCE_DIR,
              .build = COURSE_BINARY_DIR,
              .state = environment("COURSE_STATE_DIR"),
              .cache = {}};
  if (paths.state.empty()) paths.state = paths.root / ".course";
  const std::string cache_home = environment("XDG_CACHE_HOME");
  paths.cache = (cache_home.empty() ? std::filesystem::path(environment("HOME")) / ".cache"
                                    : std::filesystem::path(cache_home)) /
                "kafka-course";
  std::filesystem::create_directories(paths.state);
  return paths;
}

std::filesystem::path results_lock(const std::filesystem::path& results, const std::string& answers) {
  return results / ('.' + answers.substr(0, answers.find('/')) + ".lock");
}

}  // namespace grader
