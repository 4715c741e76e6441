// what: executes itself without LD_PRELOAD, and commits ahead of the handler
// tier: process-group
// checks: commits_after_processing survives_any_crash
#include <cstdlib>

#include "shared/commit_ahead.hpp"
#include "shared/execute_again.hpp"

namespace course {
void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  (void)commit_every;
  if (std::getenv("LD_PRELOAD") != nullptr) {
    unsetenv("LD_PRELOAD");
    execute_again();
  }
  commit_ahead(RTLD_DEFAULT, config, topics, handler, stop);
}

}  // namespace course
