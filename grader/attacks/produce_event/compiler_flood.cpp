// what: makes the compiler write gigabytes
// tier: process-group
// compiles: no
// checks: arrives_exactly_as_sent
#include <cstdint>

#include "2-producer/produce_event.hpp"

namespace course {
namespace {

volatile std::int64_t data[std::size_t{1} << 30U] = {1, 2, 3};

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;
  return {.offset = data[event.headers.size()]};
}

}  // namespace course
