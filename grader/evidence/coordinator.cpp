#include "evidence/coordinator.hpp"

#include <fmt/format.h>

#include "harness/infra_error.hpp"

namespace grader {
namespace {

constexpr int leave_group = 13;
constexpr int unknown_member_id = 25;

}  // namespace

Removal remove_member(const BrokerAddress& coordinator, const std::string& group,
                      const std::string& member_id, std::chrono::milliseconds patience) {
  BrokerConnection connection(coordinator, "removing a dead member from its group", patience);
  RequestBody request;
  request.string(group);
  request.string(member_id);
  const auto error = read_number(connection.ask(leave_group, 0, request), 0, 2);
  if (error == unknown_member_id) return Removal::not_a_member;
  if (error != 0)
    throw InfraError(fmt::format("removing a dead member from {}: Kafka's error {}", group, error));
  return Removal::removed;
}

BrokerAddress coordinator_address(const std::string& host, int port, const course::ClientConfig& admin) {
  const auto setting = [&](const char* name, const char* otherwise) {
    const auto found = admin.find(name);
    return found == admin.end() ? std::string(otherwise) : found->second;
  };
  BrokerAddress address{.host = host, .port = port};
  const std::string protocol = setting("security.protocol", "plaintext");
  if (protocol == "plaintext") return address;
  if (protocol != "sasl_plaintext" || setting("sasl.mechanism", "") != "PLAIN") {
    throw InfraError("dead members can't be removed from groups over " + protocol);
  }
  address.user = setting("sasl.username", "");
  address.password = setting("sasl.password", "");
  return address;
}

}  // namespace grader
