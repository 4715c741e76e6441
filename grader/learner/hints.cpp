#include "learner/hints.hpp"

#include <fmt/format.h>

#include "learner/standing.hpp"

namespace grader {

Hints hints_for(const Exercise& exercise, const std::vector<Verdict>& verdicts,
                const std::map<std::string, Diagnosis>& diagnoses) {
  if (exercise.worked_example)
    return {"example", "it is a worked example: there is nothing to write, only to read", {}};
  const Verdict* verdict = most_important(verdicts);
  if (verdict == nullptr && !verdicts.empty())
    return {"passed", "it has passed; there is nothing to hint at", {}};
  if (verdict == nullptr || verdict->status == Status::not_implemented)
    return {"start", "nothing is written yet", exercise.hints};
  if (verdict->finding) {
    const auto found = diagnoses.find(verdict->finding->diagnosis);
    if (found != diagnoses.end()) {
      return {found->first,
              fmt::format("{}: {}", found->first, found->second.happened),
              {found->second.hints.begin(), found->second.hints.end()}};
    }
  }
  return {to_string(verdict->status), fmt::format("{}: {}", to_string(verdict->status), verdict->detail), {}};
}

}  // namespace grader
