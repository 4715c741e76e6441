#pragma once

#include <stdexcept>

namespace grader {

/// Something that is not the learner's doing: no broker, no port, no disk. Never a failed check.
/// The text says what is wrong, where, and what to do.
class InfraError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace grader
