#include "support/payload_hash.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace course {
namespace {

/// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
class Fnv1a {
 public:
  void add(const std::optional<std::string>& bytes) {
    add(bytes ? std::to_string(bytes->size()) + ':' + *bytes : "null");
  }
  void add(const std::string& bytes) {
    for (const char byte : bytes) {
      hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    }
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

}  // namespace

std::string payload_hash(const Event& event) {
  Fnv1a hash;
  hash.add(event.key);
  hash.add(event.value);
  for (const auto& header : event.headers) {
    hash.add(std::optional(header.name));
    hash.add(header.value);
  }
  return fmt::format("{:016x}", hash.value());
}

}  // namespace course
