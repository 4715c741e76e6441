#include "watch/real.hpp"

#include <librdkafka/rdkafka.h>
#include <link.h>

#include <algorithm>
#include <cstdint>

namespace watch {
namespace {

/// The addresses at which a shared object lies.
struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  [[nodiscard]] bool holds(const void* address) const {
    const auto value = reinterpret_cast<std::uintptr_t>(address);
    return begin <= value && value < end;
  }
};

/// The object that `address` is part of; see dl_iterate_phdr(3).
Range object_of(const void* address) {
  struct Search {
    const void* address;
    Range found;
  } search{.address = address, .found = {}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto* wanted = static_cast<Search*>(data);
        Range range{.begin = UINTPTR_MAX, .end = 0};
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
          const std::uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
          range.begin = std::min(range.begin, start);
          range.end = std::max(range.end, start + info->dlpi_phdr[i].p_memsz);
        }
        if (range.holds(wanted->address)) wanted->found = range;
        return 0;
      },
      &search);
  return search.found;
}

}  // namespace

bool is_implementation(const void* address) {
  static const Range librdkafka = object_of(reinterpret_cast<const void*>(REAL(rd_kafka_name)));
  static const Range ourselves =
      object_of(reinterpret_cast<const void*>(&is_implementation));  // a tail call's way
  return librdkafka.holds(address) || ourselves.holds(address);
}

}  // namespace watch
