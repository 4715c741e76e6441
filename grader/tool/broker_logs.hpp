#pragma once

#include <cstddef>

#include "harness/broker_state.hpp"

namespace grader {

struct LogOptions {
  bool requests = false;  ///< The request log instead of the broker's own words.
  bool follow = false;
  std::size_t lines = 40;
};

/// Prints the end of a broker's log, and what comes after if asked to. Returns the exit code.
int show_logs(const BrokerFiles& files, const LogOptions& options);

}  // namespace grader
