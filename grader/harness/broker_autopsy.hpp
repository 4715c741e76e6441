#pragma once

#include <cstdint>
#include <string>

#include "harness/broker_state.hpp"

namespace grader {

/// What is known of a broker's end.
struct Autopsy {
  std::string text;         ///< What happened, and what to do about it.
  bool port_taken = false;  ///< Somebody was faster with one of its ports: try others.
};

/// Why a broker's Java ended by itself: from its exit status (waitpid(2)) and from what it wrote to
/// server.log since that was `log_start` bytes long.
Autopsy examine(const BrokerFiles& files, std::uintmax_t log_start, int status);

}  // namespace grader
