#pragma once

#include <string>

#include "harness/paths.hpp"

namespace grader {

/// The phase that is a conversation with oneself.
inline constexpr int reflection_phase = 8;

struct ReflectArguments {
  std::string name;  ///< Of a question; all that are open if empty.
  std::string answer;
  bool json = false;
};

/// Asks the questions of phases/8-reflection/reflection.toml, and shows what a good answer touches on after
/// the learner has written theirs. Returns the exit code.
int reflect(const Paths& paths, const ReflectArguments& arguments);

}  // namespace grader
