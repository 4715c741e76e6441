#include "tool/broker_access.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "harness/broker.hpp"
#include "harness/infra_error.hpp"

namespace grader {

std::string bootstrap_servers(const Paths& paths) {
  if (auto given = variable("KAFKA_BOOTSTRAP_SERVERS"); !given.empty()) return given;
  const auto folder = paths.state / "broker";
  if (const auto broker = running_broker(folder); broker && broker->learner_port != 0) {
    touch_broker(folder);
    return broker->learner_address();
  }
  const auto broker = start_broker(paths, folder);
  fmt::print(stderr, "course: started the broker at {}\n", broker.learner_address());
  return broker.learner_address();
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables at run time
  return value == nullptr ? "" : value;
}

void become(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  std::vector<std::string> words = command;
  std::vector<std::string> variables = environment;
  std::vector<char*> arguments;
  std::vector<char*> entries;
  for (auto& word : words) arguments.push_back(word.data());
  for (auto& entry : variables) entries.push_back(entry.data());
  arguments.push_back(nullptr);
  entries.push_back(nullptr);
  execve(arguments[0], arguments.data(), entries.data());
  throw InfraError(fmt::format("can't run {}: {}", command.front(), std::generic_category().message(errno)));
}

}  // namespace grader
