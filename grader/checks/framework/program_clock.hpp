#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

namespace grader {

/// Adds up how long at least one program under grading was running: the rest of a check's time is what
/// grading costs. Safe to use from any thread.
class ProgramClock {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  void add(Moment start, Moment end) {
    const std::lock_guard lock(mutex_);
    runs_.emplace_back(start, end);
  }

  /// Overlapping runs count once.
  [[nodiscard]] std::chrono::duration<double> total() const {
    const std::lock_guard lock(mutex_);
    auto runs = runs_;
    std::ranges::sort(runs);
    std::chrono::duration<double> sum{0};
    Moment covered{};
    for (const auto& [start, end] : runs) {
      if (end > covered) sum += end - std::max(start, covered);
      covered = std::max(covered, end);
    }
    return sum;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<Moment, Moment>> runs_;
};

}  // namespace grader
