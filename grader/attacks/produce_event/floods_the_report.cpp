// what: fills the private line with rubbish: deep and malformed messages, descriptors, megabytes
// tier: process-group
// checks: arrives_exactly_as_sent
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "2-producer/produce_event.hpp"

namespace course {
namespace {

void pass(int line, const int* passengers, std::size_t count) {
  char byte = 'c';
  iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(4 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  std::memcpy(CMSG_DATA(header), passengers, count * sizeof(int));
  sendmsg(line, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  const int line = std::stoi(std::getenv("COURSE_REPORT_FD"));
  int ends[2];
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
  const int passengers[] = {ends[1], open("/dev/zero", O_RDONLY), STDIN_FILENO, ends[1]};
  for (int i = 0; i < 600; ++i) pass(line, passengers, 1 + i % 4);
  const auto say = [&](const std::string& text) { send(ends[0], text.data(), text.size(), MSG_NOSIGNAL); };
  const std::string wrong[] = {R"({"at":1,"kind":7})",
                               R"({"at":1,"kind":"delivery","partition":"x"})",
                               R"({"at":1,"kind":"hook","ask":"yes"})",
                               R"({"at":1,"kind":"hook","ask":true})",
                               R"({"at":1e99})",
                               "[]",
                               "null",
                               "{",
                               "",
                               std::string(100000, '[')};
  for (const auto& text : wrong) say(text);
  for (int i = 0; i < 3000; ++i) say(R"({"at":1,"kind":"x","text":")" + std::string(50000, 'x') + "\"}");
  return {.error = "busy"};
}

}  // namespace course
