#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/descriptor.hpp"

namespace grader {

/// How one of our own commands (a compiler, a script) ended.
struct CommandResult {
  int exit_code = 0;   ///< 128 + signal if a signal ended it.
  std::string output;  ///< stdout and stderr together.
};

/// Runs a program of ours, found in PATH, to its end. Throws `InfraError` if it can't be started.
CommandResult run_command(const std::vector<std::string>& arguments);

/// Environment variables by name.
using Environment = std::map<std::string, std::string>;

/// This process's environment with some variables set, as `execve` takes it ("NAME=value").
std::vector<std::string> environment_with(const Environment& variables);

/// Holds a lock file (flock) for as long as it lives; waits for whoever has it. It ends with the process.
class FileLock {
 public:
  enum class Kind { exclusive, shared };
  explicit FileLock(const std::filesystem::path& file, Kind kind = Kind::exclusive);

  /// Nothing if somebody else has it.
  static std::optional<FileLock> try_to_get(const std::filesystem::path& file);

 private:
  explicit FileLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace grader
