#pragma once

#include <thread>

#include "harness/descriptor.hpp"

namespace grader {

/// Passes connections to a listening socket on to a port of 127.0.0.1. The socket may be of another
/// network namespace: then this is the only way out of it. What is passed on is bounded (256 MiB, 128
/// connections at a time). Ends with its destructor.
class PortForward {
 public:
  PortForward(Descriptor listener, int port);
  ~PortForward();
  PortForward(const PortForward&) = delete;
  PortForward& operator=(const PortForward&) = delete;

 private:
  void run(const std::stop_token& stop) const;

  Descriptor listener_;
  int port_;
  Descriptor wake_;
  std::jthread thread_;
};

}  // namespace grader
