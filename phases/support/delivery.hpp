#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace course {

/// The fate of one event, as the broker confirmed it.
struct Delivery {
  std::int32_t partition = -1;  ///< Where the event lies in the log; meaningful without error.
  std::int64_t offset = -1;
  std::optional<std::string> error{};  ///< Why the event was not delivered, in words; absent if it was.

  [[nodiscard]] bool delivered() const { return !error.has_value(); }
};

}  // namespace course
