#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

namespace course {

/// The private line between a program and the check that started it. By hand there is none.
///
/// Messages are JSON objects. Each carries "at", the sender's CLOCK_MONOTONIC in nanoseconds, which
/// is one clock for all processes of a machine. Every thread has a connection of its own, so that
/// one that waits for an answer holds nobody up. Safe to use from any thread, and after a fork.
class ReportChannel {
 public:
  /// The line named by the environment variable COURSE_REPORT_FD, or null without one.
  static std::shared_ptr<ReportChannel> from_environment();

  /// Tells the check something and goes on.
  void tell(nlohmann::json message);

  /// Asks the check and waits for its answer. Throws `std::runtime_error` if the check is gone.
  nlohmann::json ask(nlohmann::json message);

 private:
  explicit ReportChannel(int fd) : fd_(fd) {}
  int own_connection();

  int fd_;
};

}  // namespace course
