#pragma once

#include <chrono>

#include "harness/descriptor.hpp"

namespace grader {

/// The descriptor that comes with the next message on the socket `fd` (see unix(7), SCM_RIGHTS); others
/// that come with it are closed. Invalid if there is none within `patience`, or the message carries none;
/// `ended` then says whether the other side has closed.
Descriptor receive_descriptor(int fd, std::chrono::milliseconds patience, bool* ended = nullptr);

}  // namespace grader
