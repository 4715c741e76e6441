#pragma once

#include <string>

#include "support/client_config.hpp"
#include "support/delivery.hpp"
#include "support/event.hpp"

namespace course {

/// Sends one event to `topic` and returns when its fate is known.
///
/// Returns where the broker put the event (partition and offset), or the error if it was not
/// delivered: refused by the broker, refused by the client library before it was ever sent, or not
/// confirmed within `message.timeout.ms`. An event that fails is reported, never thrown.
///
/// - The event arrives as given, byte for byte: key, value and headers (in order) may be absent,
///   empty, or hold any byte, NUL included. A given timestamp is kept.
/// - Events with equal keys (of one byte or more) go to the same partition, in every call and every run;
/// different keys
///   spread over the partitions. Which hash decides is your business.
/// - "Delivered" means acknowledged by all in-sync replicas, unless `config` says otherwise.
/// - Nothing is left in flight on return: no queue, no thread, no connection.
///
/// `config` holds at least `bootstrap.servers`; see client_config.hpp for who wins. Throws
/// `std::runtime_error` if no producer can be made from it (such as an unknown property).
Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event);

}  // namespace course
