#include "support/printing.hpp"

#include <fmt/format.h>

namespace course {

std::string printable(const std::optional<std::string>& bytes, std::size_t limit) {
  if (!bytes) return "null";
  std::string text;
  for (const char byte : bytes->substr(0, limit)) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7f) {
      text += fmt::format("\\x{:02x}", code);
    } else {
      text += byte;
    }
  }
  if (bytes->size() > limit) text += fmt::format("… ({} bytes)", bytes->size());
  return text;
}

}  // namespace course
