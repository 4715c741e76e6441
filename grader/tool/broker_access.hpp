#pragma once

#include <string>
#include <vector>

#include "harness/paths.hpp"

namespace grader {

/// Where clients find their brokers: what KAFKA_BOOTSTRAP_SERVERS says, else this checkout's broker,
/// which is started if it does not run (and said so on stderr).
std::string bootstrap_servers(const Paths& paths);

/// The value of an environment variable; empty if there is none.
std::string variable(const char* name);

/// Becomes another program (exec), which so gets our terminal, pipes and signals as they are. Throws
/// `InfraError` if that can't be.
[[noreturn]] void become(const std::vector<std::string>& command,
                         const std::vector<std::string>& environment);

}  // namespace grader
