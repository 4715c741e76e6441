// what: includes a file without an end
// tier: process-group
// compiles: no
// checks: arrives_exactly_as_sent
#include "2-producer/produce_event.hpp"

namespace course {
namespace {

constexpr char zeros[] = {
#include "/dev/zero"
};

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;
  return {.offset = zeros[0]};
}

}  // namespace course
