#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/paths.hpp"

namespace grader {

/// How programs under grading are kept apart from everything else; each tier includes what the one before
/// it does. docs/security.md says what each of them stops.
enum class Tier {
  process_group,  ///< Limits, a session of its own, and a parent that kills all it leaves behind.
  pid_namespace,  ///< It kills no process but its own; none of them outlives it.
  open_network,   ///< bubblewrap: nothing of the file system but the program and system libraries.
  sandbox,        ///< A network of its own too, in which there are the brokers' ports and nothing else.
};

/// "process-group", "pid-namespace", "sandbox-open-network", "sandbox".
std::string to_string(Tier tier);
/// Throws `std::invalid_argument` naming the tiers.
Tier tier_from(const std::string& name);

/// What a program under grading is confined with.
struct Confinement {
  Tier tier = Tier::process_group;
  bool another_user = false;       ///< As root: each check's programs run as a user that nobody else is.
  std::filesystem::path launcher;  ///< build/bin/course-launch
};

/// The strongest confinement that works here: each is tried by starting a program in it. COURSE_ISOLATION
/// names a tier above which nothing is tried. Takes some 10 ms.
Confinement probe_isolation(const Paths& paths);

/// What is shown to a program, and what it may use; the rest is Limits' (run.hpp).
struct Launch {
  std::vector<std::filesystem::path> files{};  ///< To be seen, read and run; the program among them.
  std::vector<int> broker_ports{};             ///< Of 127.0.0.1; in `sandbox` the only ones there are.
  uid_t user = 0;                              ///< Whom to run as; 0: whoever we are.
  std::vector<std::string> options{};          ///< For course-launch.
  std::vector<std::string> program{};          ///< With its arguments.
};

/// The command line that starts a program so confined, with the tools' absolute paths.
std::vector<std::string> command_line(const Confinement& confinement, const Launch& launch);

/// The user that programs of this process run as: one that nobody on this machine is.
uid_t user_of_programs();

}  // namespace grader
