// what: tells the check of handler calls that never were, for records that it never read
// tier: process-group
// checks: handles_every_record commits_after_processing survives_any_crash
#include <nlohmann/json.hpp>

#include "shared/commit_ahead.hpp"
#include "support/report_channel.hpp"

namespace course {
void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  (void)commit_every;
  const auto check = ReportChannel::from_environment();
  (void)handler;
  rd_kafka_t* client = member(RTLD_DEFAULT, config, topics);
  for (std::int64_t offset = 0; offset < 10; ++offset) {
    for (std::int32_t partition = 0; partition < 4; ++partition) {
      for (const auto& topic : topics)
        check->ask({{"kind", "hook"},
                    {"topic", topic},
                    {"partition", partition},
                    {"offset", offset},
                    {"hash", "0"}});
    }
  }
  while (!stop.stop_requested()) {
    if (auto* message = rd_kafka_consumer_poll(client, 100)) {
      rd_kafka_commit_message(client, message, 0);
      rd_kafka_message_destroy(message);
    }
  }
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
}

}  // namespace course
