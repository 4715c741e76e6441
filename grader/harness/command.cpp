#include "harness/command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include "harness/infra_error.hpp"

namespace grader {

CommandResult run_command(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw InfraError(std::string("no pipe: ") + std::generic_category().message(errno));
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), STDERR_FILENO);
  std::vector<std::string> strings = arguments;
  std::vector<char*> pointers;
  for (auto& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  pid_t child = 0;
  const int error = posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw InfraError("can't run " + arguments.front() + ": " + std::generic_category().message(error));
  writing.reset();

  CommandResult result;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = read(reading.get(), buffer.data(), buffer.size())) > 0;) {
    result.output.append(buffer.data(), static_cast<std::size_t>(size));
  }
  int status = 0;
  waitpid(child, &status, 0);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::vector<std::string> environment_with(const Environment& variables) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!variables.contains(std::string(text.substr(0, text.find('='))))) environment.emplace_back(text);
  }
  for (const auto& [name, value] : variables) environment.push_back(fmt::format("{}={}", name, value));
  return environment;
}

namespace {

Descriptor open_lock(const std::filesystem::path& file) {
  Descriptor descriptor(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!descriptor.valid())
    throw InfraError("can't open the lock " + file.string() + ": " + std::generic_category().message(errno));
  return descriptor;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& file, Kind kind) : file_(open_lock(file)) {
  if (flock(file_.get(), kind == Kind::exclusive ? LOCK_EX : LOCK_SH) != 0)
    throw InfraError("can't lock " + file.string() + ": " + std::generic_category().message(errno));
}

std::optional<FileLock> FileLock::try_to_get(const std::filesystem::path& file) {
  auto descriptor = open_lock(file);
  if (flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return FileLock(std::move(descriptor));
}

}  // namespace grader
