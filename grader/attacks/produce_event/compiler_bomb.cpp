// what: takes the compiler for ever: templates that double at each step
// tier: process-group
// compiles: no
// checks: arrives_exactly_as_sent
#include <cstdint>

#include "2-producer/produce_event.hpp"

namespace course {
namespace {

template <int Depth, std::uint64_t Path>
struct Twice {
  static constexpr std::int64_t value() {
    return Twice<Depth - 1, 2 * Path>::value() + Twice<Depth - 1, 2 * Path + 1>::value();
  }
};
template <std::uint64_t Path>
struct Twice<0, Path> {
  static constexpr std::int64_t value() { return 1; }
};

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  return {.offset = Twice<60, 0>::value()};
}

}  // namespace course
