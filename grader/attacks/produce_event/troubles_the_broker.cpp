// what: sends garbage, false lengths and endless records to crash the broker or to fill its disk
// tier: sandbox
// checks: arrives_exactly_as_sent
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "shared/producer.hpp"

namespace course {
namespace {

void shout(int port, const std::string& bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  close(fd);
}

/// Adds up what the broker has acknowledged; what times out in the client's queue never got there.
class Acknowledged : public RdKafka::DeliveryReportCb {
 public:
  void dr_cb(RdKafka::Message& message) override {
    if (message.err() == RdKafka::ERR_NO_ERROR) bytes += message.len();
  }
  std::size_t bytes = 0;
};

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  const std::string own = config.at("bootstrap.servers");
  const int port = std::stoi(own.substr(own.rfind(':') + 1));
  for (const auto& bytes : {std::string(4, '\x7f') + std::string(1000, 'x'), std::string(100000, '\0'),
                            std::string("\0\0\0\x08\x00\x13\x7f\xff\x7f\xff\xff\xff", 12),
                            std::string("GET / HTTP/1.0\r\n\r\n")}) {
    for (int i = 0; i < 20; ++i) shout(port, bytes);
  }
  Acknowledged acknowledged;
  const auto producer = producer_of(config, &acknowledged);
  const std::string large(900'000, 'x');
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(8);
  while (std::chrono::steady_clock::now() < end) {
    producer->produce(topic, 0, RdKafka::Producer::RK_MSG_COPY, const_cast<char*>(large.data()), large.size(),
                      nullptr, 0, 0, nullptr, nullptr);
    producer->poll(producer->outq_len() < 20 ? 0 : 10);
  }
  if (acknowledged.bytes > (std::size_t{300} << 20U))
    std::cerr << "course-attack: put " << acknowledged.bytes << " bytes onto the broker's disk" << std::endl;
  (void)event;
  std::_Exit(0);
}

}  // namespace course
