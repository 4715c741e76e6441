// what: tells the check itself what it wants to hear, over the private line, and ends
// tier: process-group
// checks: arrives_exactly_as_sent
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "2-producer/produce_event.hpp"
#include "support/report_channel.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  const auto check = ReportChannel::from_environment();
  for (int i = 0; i < 4; ++i)
    check->tell({{"kind", "delivery"}, {"index", i}, {"partition", i % 3}, {"offset", i / 3}});
  check->tell({{"kind", "returned"}, {"text", ""}});
  check->tell({{"kind", "verdict"}, {"verdict", "passed"}});
  std::_Exit(0);
}

}  // namespace course
