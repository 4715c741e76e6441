#pragma once

#include <dlfcn.h>

#include <utility>

namespace watch {

/// Whether the code at `address` belongs to librdkafka or to this library: then a call from there is
/// how librdkafka implements another one (commit_message calls commit), and not the program's doing.
bool is_implementation(const void* address);

/// librdkafka's own function behind ours, or null if there is none in this version.
template <typename Function>
Function* find_real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace watch

// REAL(rd_kafka_name): librdkafka's function of that name, looked up once.
#define REAL(function)                                                             \
  ([]() -> decltype(&::function) {                                                 \
    static auto* const behind = watch::find_real<decltype(::function)>(#function); \
    return behind;                                                                 \
  }())

// Marks a function that stands in front of librdkafka's.
#define WATCHED extern "C" __attribute__((visibility("default")))

// True within a WATCHED function if librdkafka itself called it.
#define CALLED_BY_LIBRDKAFKA() watch::is_implementation(__builtin_return_address(0))
