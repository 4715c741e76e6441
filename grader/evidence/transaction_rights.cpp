#include "evidence/transaction_rights.hpp"

#include <fmt/format.h>

#include "harness/infra_error.hpp"

namespace grader {
namespace {

constexpr int create_acls = 30;
// Kafka's numbers (org.apache.kafka.common.resource and .acl).
constexpr int transactional_id = 5;
constexpr int prefixed = 4;
constexpr int all_operations = 2;
constexpr int allow = 3;

}  // namespace

void allow_transactions(const BrokerAddress& broker, const std::string& user, const std::string& prefix,
                        std::chrono::milliseconds patience) {
  BrokerConnection connection(broker, "giving rights to " + user, patience);
  RequestBody request;
  request.int32(1);  // one right
  request.int8(transactional_id);
  request.string(prefix);
  request.int8(prefixed);
  request.string("User:" + user);
  request.string("*");  // from any host
  request.int8(all_operations);
  request.int8(allow);
  const std::string answer = connection.ask(create_acls, 1, request);
  constexpr std::size_t error_at = 8;  // behind the throttle time and the number of results
  if (const auto error = read_number(answer, error_at, 2); error != 0)
    throw InfraError(fmt::format("giving rights to {}: Kafka's error {}", user, error));
}

}  // namespace grader
