// what: is done, with forged claims, before main begins
// tier: process-group
// checks: arrives_exactly_as_sent
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "2-producer/produce_event.hpp"
#include "support/report_channel.hpp"

namespace course {
namespace {

struct Early {
  Early() {
    const auto check = ReportChannel::from_environment();
    if (!check) return;
    for (int i = 0; i < 4; ++i)
      check->tell({{"kind", "delivery"}, {"index", i}, {"partition", 0}, {"offset", i}});
    check->tell({{"kind", "returned"}, {"text", ""}});
    std::_Exit(0);
  }
};
const Early early;

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;
  return {.error = "never called"};
}

}  // namespace course
