#include "predictions/experiments/kafka_tool.hpp"

#include <sys/wait.h>

#include "harness/broker_process.hpp"
#include "harness/broker_state.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {

CommandResult run_kafka_tool(const Scene& scene, const std::vector<std::string>& arguments,
                             const std::string& input) {
  scene.check_interrupt();
  const auto in = scene.folder() / "tool-input";
  const auto out = scene.folder() / "tool-output";
  write_private(in, input);
  std::vector<std::string> words{
      "/bin/sh", "-c", R"(exec "$@" <tool-input)", "sh", (scene.paths().build / "bin/course").string(),
      "kafka"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Child tool(
      {.arguments = words,
       .environment = environment_with({{"KAFKA_BOOTSTRAP_SERVERS", scene.client().at("bootstrap.servers")}}),
       .folder = scene.folder(),
       .log = out});
  scene.wait_until(
      arguments.front(), [&] { return has_ended_within(tool.process(), std::chrono::milliseconds(5)); },
      std::chrono::seconds(30));
  const int status = tool.wait();
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .output = read_text(out)};
}

}  // namespace grader
