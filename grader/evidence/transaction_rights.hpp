#pragma once

#include <chrono>
#include <string>

#include "evidence/broker_connection.hpp"

namespace grader {

/// Lets `user` (without "User:") have transactions under ids that begin with `prefix`, as
/// `Admin::allow_prefix` does for topics and groups; `Admin::revoke_all` takes this away as well.
///
/// Written by hand, since librdkafka before 2.3 knows no rights on transactional ids: CreateAcls v1
/// (kafka.apache.org/protocol, "Messages"). Throws `InfraError` if the broker refuses or does not answer in
/// time.
void allow_transactions(const BrokerAddress& broker, const std::string& user, const std::string& prefix,
                        std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace grader
