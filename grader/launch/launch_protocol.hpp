#pragma once

#include <sys/resource.h>

namespace grader {

/// How the program ended, as the launcher tells the grader over its control line: what wait4(2) said.
struct LaunchReport {
  int status = 0;
  rusage usage{};
};

}  // namespace grader
