// what: commits all at once, then tells the check of handler calls with the true fingerprints
// tier: process-group
// checks: commits_after_processing survives_any_crash
#include <nlohmann/json.hpp>

#include "shared/commit_ahead.hpp"
#include "support/payload_hash.hpp"
#include "support/report_channel.hpp"

namespace course {
void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  (void)commit_every;
  const auto check = ReportChannel::from_environment();
  (void)handler;
  const auto forged = [&](const Record& record) {
    check->ask({{"kind", "hook"},
                {"topic", record.source.topic},
                {"partition", record.source.partition},
                {"offset", record.offset},
                {"hash", payload_hash(record.event)}});
  };
  commit_ahead(RTLD_DEFAULT, config, topics, forged, stop);
}

}  // namespace course
