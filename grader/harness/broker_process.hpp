#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/descriptor.hpp"

namespace grader {

/// A process can be waited for and signalled through this without meeting another that got its number:
/// it is readable once the process has ended. Not valid if there is no such process.
Descriptor open_process(pid_t pid);

/// Waits until the process has ended; false if it has not within `limit`.
bool has_ended_within(const Descriptor& process, std::chrono::milliseconds limit);

/// The command line of a process, words separated by NUL; empty if it has ended.
std::string command_line(pid_t pid);

/// The file descriptor on which a detached process finds the pipe to who started it.
inline constexpr int report_descriptor = 3;

/// Starts a program that has nothing to do with us any more: its own session, no parent that waits for
/// it, standard output and error in `log`, and none of our descriptors but one: the writing end of a
/// pipe, as number 3. Returns the reading end, which ends when the program closes its own. (A daemon
/// that inherits the pipe into which ctest reads a test's output keeps that test running.)
Descriptor start_detached(const std::vector<std::string>& arguments, const std::filesystem::path& log);

/// A child process that dies with this thread, in whatever way that ends; the destructor kills it too.
class Child {
 public:
  struct Spec {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::filesystem::path folder;  ///< Working directory.
    std::filesystem::path log;     ///< Its output, made anew.
    int keep_open = -1;            ///< A descriptor that it shall inherit.
  };
  /// Starts a program.
  explicit Child(const Spec& spec);
  /// Runs `body` in a copy of this process, which must have one thread only.
  explicit Child(const std::function<int()>& body);
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const Descriptor& process() const { return process_; }
  void signal(int number) const;

  /// Its exit status, as waitpid(2) tells it, once it has ended; waits for that.
  int wait();

 private:
  void begin(const std::function<void()>& in_child);

  pid_t pid_ = -1;
  Descriptor process_;
  bool waited_ = false;
  int status_ = 0;
};

}  // namespace grader
