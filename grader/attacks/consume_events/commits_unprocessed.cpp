// what: commits what it reads and never calls the handler
// tier: process-group
// checks: handles_every_record commits_after_processing survives_any_crash
#include "shared/commit_ahead.hpp"

namespace course {
void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  (void)commit_every;
  const auto nothing = [](const Record&) {};
  (void)handler;
  commit_ahead(RTLD_DEFAULT, config, topics, nothing, stop);
}

}  // namespace course
