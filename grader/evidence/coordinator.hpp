#pragma once

#include <chrono>
#include <string>

#include "support/client_config.hpp"

namespace grader {

/// Where a group's coordinator listens, and who asks.
struct CoordinatorAddress {
  std::string host;
  int port = 0;
  /// SASL/PLAIN login; empty for a listener that asks for none.
  std::string user{};
  std::string password{};
};

/// How the coordinator answered LeaveGroup.
enum class Removal { removed, not_a_member };

/// Removes a member from its group, as an administrator may: for one that was killed, so that its
/// successor need not wait for the session time-out.
///
/// The one request that the grader writes by hand, since librdkafka can't send it: LeaveGroup v0,
/// behind SaslHandshake v1 and SaslAuthenticate v0 where there is a login
/// (kafka.apache.org/protocol, "Messages"). Throws `InfraError` if there is no such answer in time.
Removal remove_member(const CoordinatorAddress& coordinator, const std::string& group,
                      const std::string& member_id,
                      std::chrono::milliseconds patience = std::chrono::seconds(10));

/// The address with the login of `admin`. Throws `InfraError` where that is anything but SASL/PLAIN
/// over plain TCP or no login at all.
CoordinatorAddress coordinator_address(const std::string& host, int port, const course::ClientConfig& admin);

}  // namespace grader
