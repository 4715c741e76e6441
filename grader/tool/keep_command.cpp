// The keepers' own subcommand: start_broker and start_cluster call it, nobody else.

#include <memory>
#include <string>

#include "support/program.hpp"
#include "tool/commands.hpp"

namespace grader {

void add_keep_command(CLI::App& parent, int& exit_code,
                      const std::function<int(const KeeperOptions&)>& keeper) {
  auto* command = parent.add_subcommand("keep", "")->group("");  // without a group it is not shown
  auto options = std::make_shared<KeeperOptions>();
  auto idle_limit = std::make_shared<std::string>();
  command->add_option("--folder", options->folder)->required();
  command->add_option("--infra", options->infra)->required();
  command->add_option("--java", options->kafka.java)->required();
  command->add_option("--prepared", options->kafka.prepared)->required();
  command->add_option("--idle-limit", *idle_limit)->required();
  command->add_flag("!--no-learner-listener", options->learner_listener);
  command->callback([options, idle_limit, keeper, &exit_code] {
    options->idle_limit = std::chrono::ceil<std::chrono::seconds>(course::parse_duration(*idle_limit));
    exit_code = keeper(*options);
  });
}

}  // namespace grader
