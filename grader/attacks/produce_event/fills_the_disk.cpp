// what: writes hundreds of megabytes into many files
// tier: sandbox-open-network
// checks: arrives_exactly_as_sent
#include <fstream>
#include <iostream>

#include "2-producer/produce_event.hpp"

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  const std::string piece(std::size_t{15} << 20U, 'x');
  std::size_t written = 0;
  for (const char* folder : {".", "/tmp", "/var/tmp", "/dev/shm", "/dev", "/", "@STATE@", "@ROOT@/build"}) {
    for (int i = 0; i < 12; ++i) {
      std::ofstream file(std::string(folder) + "/course-attack-" + std::to_string(i));
      if (file << piece << std::flush) written += piece.size();
    }
  }
  if (written > (std::size_t{200} << 20U))
    std::cerr << "course-attack: wrote " << written << " bytes" << std::endl;
  return {.error = "filled"};
}

}  // namespace course
