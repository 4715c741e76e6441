#pragma once

#include <filesystem>
#include <string>

#include "harness/broker.hpp"
#include "harness/broker_state.hpp"

namespace grader {

/// The port that the lessons name.
inline constexpr int usual_learner_port = 9092;

/// The three ports of a broker; `learner` is 0 if it has no such listener.
struct Ports {
  int learner = 0;
  int grader = 0;
  int controller = 0;
};

/// Ports that nobody listens on right now, chosen at random, but for the learner's: that is 9092 if
/// `usual` and it is free. Somebody may still take one before Kafka does: then try again.
Ports free_ports(bool learner_listener, bool usual);

/// Whether somebody could listen there: on localhost, in IPv4 and in IPv6, to which clients may turn first.
bool is_free(int port);

/// 128 random bits in hex.
std::string random_password();

/// A broker with fresh passwords and these ports; processes and times are left open.
Broker fresh_broker(const BrokerFiles& files, const Ports& ports);

/// Writes server.properties and log4j2.properties into the broker's folder from the templates in
/// `infra`. Folders in them are relative: Kafka is started in the broker's folder, so that no path needs
/// the escapes of properties files (and of lists with commas in them). `more` is appended as it is.
/// Throws `InfraError`.
void write_properties(const BrokerFiles& files, const std::filesystem::path& infra, const Broker& broker,
                      const Ports& ports, const std::string& more = {});

/// A new id for a cluster: 16 bytes in URL-safe base64 without padding.
std::string random_cluster_id();

/// Makes the data folder of a node from the formatted one (which is node 1's) if there is none. False if
/// there was one.
bool make_data(const BrokerFiles& files, const std::filesystem::path& formatted, int node,
               const std::string& cluster_id);

}  // namespace grader
