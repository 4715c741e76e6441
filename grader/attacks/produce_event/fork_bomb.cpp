// what: starts processes that start processes
// tier: pid-namespace
// checks: arrives_exactly_as_sent
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) (void)fork();
  std::_Exit(0);
}

}  // namespace course
