#pragma once

#include <chrono>
#include <thread>

namespace grader {

/// Asks again and again until the answer will do, or `deadline` has passed; the last answer.
template <typename Ask, typename WillDo>
auto ask_until(const Ask& ask, const WillDo& will_do, std::chrono::steady_clock::time_point deadline) {
  auto answer = ask();
  while (!will_do(answer) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // between two questions to the broker
    answer = ask();
  }
  return answer;
}

}  // namespace grader
