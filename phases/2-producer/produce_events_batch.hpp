#pragma once

#include <span>
#include <string>
#include <vector>

#include "support/client_config.hpp"
#include "support/delivery.hpp"
#include "support/event.hpp"

namespace course {

/// Sends many events to `topic` from one producer and returns the fate of each.
///
/// The result has one Delivery for each event, in the order of `events`, whatever the order in which
/// the broker answered. What produce_event.hpp says of one event holds for each of these. And:
///
/// - One event that is refused spoils no other's result: each is reported as it went. (The broker takes
///   or refuses a request as a whole, so an event that is too large for the topic may take those with it
///   that travel in the same request; they are then not in the log, and are reported as failed.)
/// - Equal keys keep their order: in the log they lie as they do in `events`.
/// - The client's queue is limited (`queue.buffering.max.messages`). When it is full, wait until there
///   is room and go on with the same event; drop nothing, and don't spin.
/// - Events travel together: do not wait for one before you hand over the next.
/// - Returns when every fate is known, which is at the latest a little after `message.timeout.ms`.
///   An empty batch returns at once.
std::vector<Delivery> produce_events_batch(const ClientConfig& config, const std::string& topic,
                                           std::span<const Event> events);

}  // namespace course
