#include "tool/broker_words.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

namespace grader {

using namespace std::chrono_literals;

std::string for_people(std::chrono::seconds time) {
  if (time < 2min) return fmt::format("{} s", time.count());
  if (time < 2h) return fmt::format("{} min", time / 1min);
  return fmt::format("{} h {} min", time / 1h, time % 1h / 1min);
}

std::uint64_t memory_of(int pid) {
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/" + std::to_string(pid) + "/statm") >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace grader
