// what: reaches the controller, the learners' broker, or any other port of the machine but the broker's own
// tier: sandbox
// checks: arrives_exactly_as_sent
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>

#include "2-producer/produce_event.hpp"

namespace course {
namespace {

/// Whether somebody listens there.
bool reaches(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  bool reached = connect(fd, generic, size) == 0;
  getsockname(fd, generic, &size);
  reached = reached && ntohs(address.sin_port) != port;  // a socket can happen to connect to itself
  close(fd);
  return reached;
}

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  const std::string own = config.at("bootstrap.servers");
  const int broker = std::stoi(own.substr(own.rfind(':') + 1));
  if (reaches(std::stoi("@CONTROLLER_PORT@")))
    std::cerr << "course-attack: reached the controller" << std::endl;
  if (reaches(std::stoi("@LEARNER_PORT@")))
    std::cerr << "course-attack: reached the learners' broker" << std::endl;
  for (int port = 1; port < 65536; ++port) {
    if (port != broker && reaches(port)) std::cerr << "course-attack: reached port " << port << std::endl;
  }
  return {.error = "scanned"};
}

}  // namespace course
