#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "harness/broker.hpp"

namespace grader {

/// Whether something accepts connections on 127.0.0.1:`port`.
bool accepts_connections(int port);

/// The names of the broker's topics, Kafka's own (`__…`) left out, if it answers within `limit`.
std::optional<std::vector<std::string>> topics_of(const Broker& broker, std::chrono::milliseconds limit);

/// Whether this broker answers at all its listeners: this one, and not another that was faster with the port.
bool answers_everywhere(const Broker& broker, std::chrono::milliseconds limit);

/// How many brokers of its cluster, itself included, a broker holds to be alive; 0 if it does not answer.
int brokers_known_to(const Broker& broker, std::chrono::milliseconds limit);

/// Uses what a broker makes ready at first use only: the coordinators of groups and of transactions. Who
/// comes next then need not wait for them. Returns what failed, if anything; that harms nobody.
std::optional<std::string> warm_up(const Broker& broker);

/// Established connections of clients to the brokers' listeners, as the kernel knows them; those that
/// the brokers have among themselves do not count.
int client_connections(const std::vector<Broker>& brokers);

}  // namespace grader
