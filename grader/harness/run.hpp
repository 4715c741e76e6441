#pragma once

#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/conversation.hpp"
#include "harness/isolation.hpp"
#include "harness/port_forward.hpp"

namespace grader {

/// What a program under grading may use. Exceeding it ends the program, and is evidence.
struct Limits {
  std::chrono::seconds cpu_time{60};
  std::uint64_t memory_bytes = std::uint64_t{1}
                               << 30U;  ///< Resident, with its children; looked at every 50 ms.
  std::uint64_t file_bytes = std::uint64_t{16} << 20U;  ///< Of each file that it writes, its output included.
  std::size_t processes = 64;                           ///< Itself included; looked at every 50 ms.
  std::size_t threads = 512;  ///< Of all programs of a check, or beyond what their user had. Not for root.
};

/// A program to be started: no terminal, nothing inherited but what is named here.
struct ProgramSpec {
  std::filesystem::path executable;
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> environment{};  ///< All of it; the grader's own is not passed on.
  std::string input{};                               ///< What it can read from stdin.
  std::filesystem::path folder;                      ///< For what it writes to stdout and stderr.
  std::string name = "program";                      ///< Names the output files.
  Limits limits{};
  Confinement confinement{};        ///< Its launcher must be named.
  std::vector<int> broker_ports{};  ///< Of 127.0.0.1; what it can reach in a network of its own.
  std::vector<std::filesystem::path>
      files{};  ///< What it can read besides itself and the system's libraries.
};

/// How a program ended.
struct Ended {
  std::optional<int> exit_code;  ///< Absent if a signal ended it.
  int signal = 0;
  bool over_memory = false;  ///< Killed by the grader for its memory.
  Clock::time_point at;
  std::uint64_t peak_memory_bytes = 0;
  std::chrono::milliseconds cpu_time{0};
};

/// One run of a program under grading: it is started by course-launch, in the namespaces of its
/// confinement, and when it ends all that it started ends too. The destructor kills what is left of it.
class Run {
 public:
  Run(ProgramSpec spec, Conversation::Policy policy, Conversation::Listener listener);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// The program itself, not what it is confined with.
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] Clock::time_point started_at() const { return started_at_; }
  [[nodiscard]] Conversation& conversation() { return *conversation_; }

  /// How it ended, once it has; nothing if `deadline` passed first.
  std::optional<Ended> wait(Clock::time_point deadline);
  [[nodiscard]] bool running() { return !wait(Clock::now()).has_value(); }

  /// Sends a signal to the program (not its children).
  void signal(int number) const;
  /// Kills it and what it started, and waits for its end.
  Ended kill();

  /// What it wrote so far.
  [[nodiscard]] std::string standard_output() const;
  [[nodiscard]] std::string standard_error() const;

 private:
  [[nodiscard]] std::filesystem::path output_path(const char* kind) const;
  void launch();
  [[nodiscard]] Descriptor receive_from_launcher();
  void end_launcher();
  void watch(const std::stop_token& stop);

  ProgramSpec spec_;
  std::unique_ptr<Conversation> conversation_;
  pid_t launcher_ = -1;  ///< The outermost process, our child.
  Descriptor control_;   ///< To course-launch.
  std::vector<std::unique_ptr<PortForward>> ways_to_brokers_;
  pid_t pid_ = -1;
  Descriptor program_;  ///< Its pidfd: a signal never reaches another process.
  Clock::time_point started_at_;
  std::optional<Ended> ended_;
  std::atomic<bool> over_memory_ = false;
  std::jthread watch_;
};

/// Kills every process that descends from this one and waits for each: nothing that a program under
/// grading started outlives its check, not even a daemon. Needs `adopt_orphans()` to have been called.
void kill_all_descendants();

/// Makes orphaned descendants children of this process (PR_SET_CHILD_SUBREAPER), so that none escapes.
void adopt_orphans();

}  // namespace grader
