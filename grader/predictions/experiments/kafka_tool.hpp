#pragma once

#include <string>
#include <vector>

#include "harness/command.hpp"
#include "predictions/scene.hpp"

namespace grader {

/// Runs one of Kafka's own command-line tools as `./course kafka …` does, with `input` on stdin, and waits
/// for its end. Throws `InfraError` if that takes longer than half a minute.
CommandResult run_kafka_tool(const Scene& scene, const std::vector<std::string>& arguments,
                             const std::string& input = {});

}  // namespace grader
