#include "3-consumer/consume_events.hpp"

#include <librdkafka/rdkafkacpp.h>

#include "support/not_implemented.hpp"

namespace course {

// The contract is in consume_events.hpp; README.md leads through it step by step.
void consume_events(const ClientConfig& /*config*/, const std::vector<std::string>& /*topics*/,
                    const Handler& /*handler*/, std::size_t /*commit_every*/, std::stop_token /*stop*/) {
  // TODO(human): subscribe, read, handle, commit; and leave properly.
  throw NotImplemented("consume_events");
}

}  // namespace course
