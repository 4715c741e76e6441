// what: fetches librdkafka's functions past the preloaded library (dlsym) and commits ahead of the handler
// tier: process-group
// checks: commits_after_processing survives_any_crash
#include "shared/commit_ahead.hpp"

namespace course {
void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  (void)commit_every;
  commit_ahead(dlopen("librdkafka.so.1", RTLD_NOW), config, topics, handler, stop);
}

}  // namespace course
