#pragma once

#include <optional>
#include <string>

namespace course {

/// Bytes for people: text as it is, control characters escaped, cut after `limit` bytes, null as "null".
std::string printable(const std::optional<std::string>& bytes, std::size_t limit = 120);

}  // namespace course
