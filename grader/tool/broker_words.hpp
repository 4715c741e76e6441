#pragma once

#include <chrono>
#include <cstdint>
#include <string>

// What the commands about brokers tell of them.

namespace grader {

/// "90 s", "30 min", "2 h 5 min"
std::string for_people(std::chrono::seconds time);

/// Resident memory of a process, in bytes; 0 if it has ended.
std::uint64_t memory_of(int pid);

}  // namespace grader
