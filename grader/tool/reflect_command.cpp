#include "tool/commands.hpp"
#include "tool/reflect.hpp"

namespace grader {
int reflect(const Paths&, const ReflectArguments&) {
  return 0;
}
}  // namespace grader
