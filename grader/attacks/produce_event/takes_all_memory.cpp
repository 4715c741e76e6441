// what: fills memory, in four processes so that each is below the limit
// tier: process-group
// checks: arrives_exactly_as_sent
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <vector>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  for (int i = 0; i < 4; ++i) {
    if (fork() != 0) continue;
    std::vector<std::string> pieces;
    for (int piece = 0; piece < 60; ++piece) {
      pieces.emplace_back(std::size_t{10} << 20U, 'x');
      usleep(10'000);
    }
    sleep(2);
    std::cerr << "course-attack: four processes hold 2.4 GB" << std::endl;
    sleep(60);
  }
  sleep(60);
  std::_Exit(0);
}

}  // namespace course
