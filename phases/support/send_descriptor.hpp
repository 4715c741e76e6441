#pragma once

#include <sys/socket.h>

#include <array>
#include <cstring>

namespace course {

/// Sends `passenger` (a file descriptor) over the socket `fd`; see unix(7), SCM_RIGHTS. False, with errno
/// set, if nobody is there to receive it.
inline bool send_descriptor(int fd, int passenger) {
  char byte = 'd';
  iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &passenger, sizeof(int));
  return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

}  // namespace course
