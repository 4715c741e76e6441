#pragma once

#include <chrono>
#include <string>

#include "evidence/broker_connection.hpp"
#include "support/client_config.hpp"

namespace grader {

/// How the coordinator answered LeaveGroup.
enum class Removal { removed, not_a_member };

/// Removes a member from its group, as an administrator may: for one that was killed, so that its
/// successor need not wait for the session time-out.
///
/// Written by hand, since librdkafka can't send it: LeaveGroup v0 (kafka.apache.org/protocol, "Messages").
/// Throws `InfraError` if there is no such answer in time.
Removal remove_member(const BrokerAddress& coordinator, const std::string& group,
                      const std::string& member_id,
                      std::chrono::milliseconds patience = std::chrono::seconds(10));

/// The address with the login of `admin`. Throws `InfraError` where that is anything but SASL/PLAIN
/// over plain TCP or no login at all.
BrokerAddress coordinator_address(const std::string& host, int port, const course::ClientConfig& admin);

}  // namespace grader
