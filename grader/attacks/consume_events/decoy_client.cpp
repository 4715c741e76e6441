// what: shows the watch a client that does all right, and commits ahead of the handler with another
// tier: process-group
// checks: commits_after_processing survives_any_crash
#include "shared/commit_ahead.hpp"

namespace course {
void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  (void)commit_every;
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : config)
    rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error);
  rd_kafka_conf_set(conf, "enable.auto.commit", "false", error, sizeof error);
  rd_kafka_t* decoy = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  commit_ahead(dlopen("librdkafka.so.1", RTLD_NOW), config, topics, handler, stop);
  rd_kafka_destroy(decoy);
}

}  // namespace course
