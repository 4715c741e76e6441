#pragma once

#include <stop_token>
#include <thread>

namespace grader {

/// While it lives, Ctrl+C (SIGINT) and SIGTERM request a stop instead of ending the process, so that
/// what was started can be ended in order. A second one ends the process at once. Make one before any
/// other thread, because new threads inherit which signals are blocked.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::thread thread_;
};

}  // namespace grader
