#include "evidence/cluster.hpp"

#include <array>
#include <cstdlib>

namespace grader {

Cluster Cluster::of(const Broker& broker) {
  return {.admin = {{"bootstrap.servers", broker.grader_address()},
                    {"security.protocol", "sasl_plaintext"},
                    {"sasl.mechanism", "PLAIN"},
                    {"sasl.username", broker.admin.user},
                    {"sasl.password", broker.admin.password},
                    {"client.id", "grader"}},
          .address = broker.grader_address(),
          .request_log = broker.logs / "requests.log",
          .broker = broker};
}

std::optional<Cluster> Cluster::from_environment() {
  const auto variable = [](const char* name) {
    const char* value =
        std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables at run time
    return std::string(value == nullptr ? "" : value);
  };
  const std::string servers = variable("KAFKA_BOOTSTRAP_SERVERS");
  if (servers.empty()) return std::nullopt;
  Cluster cluster{.admin = {{"bootstrap.servers", servers}, {"client.id", "grader"}},
                  .address = servers,
                  .request_log = std::nullopt,
                  .broker = std::nullopt};
  constexpr std::array settings{std::pair{"KAFKA_SECURITY_PROTOCOL", "security.protocol"},
                                std::pair{"KAFKA_SASL_MECHANISM", "sasl.mechanism"},
                                std::pair{"KAFKA_SASL_USERNAME", "sasl.username"},
                                std::pair{"KAFKA_SASL_PASSWORD", "sasl.password"},
                                std::pair{"KAFKA_SSL_CA_LOCATION", "ssl.ca.location"}};
  for (const auto& [name, property] : settings) {
    if (const std::string value = variable(name); !value.empty()) cluster.admin[property] = value;
  }
  return cluster;
}

}  // namespace grader
