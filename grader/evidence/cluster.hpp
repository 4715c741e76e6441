#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/broker.hpp"
#include "support/client_config.hpp"

namespace grader {

/// How the grader reaches the brokers, and what it may hope to see there.
struct Cluster {
  course::ClientConfig admin;  ///< For the grader's own clients: address and an administrator's login.
  std::string address;         ///< For programs under grading.
  /// The broker's request log; absent where the cluster is not ours.
  std::optional<std::filesystem::path> request_log;
  std::optional<Broker> broker;  ///< Absent where the cluster is not ours.

  /// This checkout's broker.
  static Cluster of(const Broker& broker);
  /// A cluster that KAFKA_BOOTSTRAP_SERVERS names; nothing without that variable. Its security settings
  /// come from KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD
  /// and KAFKA_SSL_CA_LOCATION.
  static std::optional<Cluster> from_environment();
};

}  // namespace grader
