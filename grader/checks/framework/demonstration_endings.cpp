// How a demonstration ends that is not left to itself.

#include <fmt/format.h>

#include "checks/framework/demonstration_check.hpp"
#include "checks/framework/ending.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;

/// Three workers leave the group one after the other, on a busy machine.
constexpr auto patience_to_leave = 15s;

}  // namespace

void DemonstrationCheck::expect_failure_ends_all(const Demonstration& demonstration) {
  watch(demonstration.group);
  const auto run = start_demonstration(demonstration);
  std::optional<Place> failing;
  direct(*run, demonstration, [&](const Question& question, std::size_t stage) {
    if (failing || stage < demonstration.workers) return false;
    failing = place_from_json(question.body);
    run->let_fail(question);
    return true;
  });
  const auto ended = run->learner().ended();
  const auto fault = fault_of(run->learner(), *ended, exercise());
  if (!failing) {
    if (fault) throw Failed{*fault};
    throw Failed{{"workers-not-staggered", "all workers are at work at the same time at some moment",
                  "the program ended before that"}};
  }
  const std::string expected =
      fmt::format("the handler threw at {}: the other workers are stopped, and the caller gets the exception",
                  to_string(*failing));
  if (!fault) throw Failed{{"exception-swallowed", expected, "it returned as if nothing had happened"}};
  if (fault->diagnosis != "threw") throw Failed{*fault};
  if (const auto threw = run->learner().said("threw").front(); !threw.value("of_handler", false))
    throw Failed{{"exception-replaced", expected, "it got another one: " + threw.value("text", "")}};
  const auto left = demonstration.records.size() - run->handled().size();
  if (left == 0) {
    throw Failed{
        {"others-not-stopped", expected,
         fmt::format("the others went on until all {} records were handled", demonstration.records.size())}};
  }
  expect_left(demonstration.group);
}

void DemonstrationCheck::expect_stop_ends_all(const Demonstration& demonstration) {
  watch(demonstration.group);
  const auto run = start_demonstration(demonstration);
  std::optional<Clock::time_point> asked;
  direct(*run, demonstration, [&](const Question&, std::size_t stage) {
    if (!asked && stage >= demonstration.workers) {
      run->learner().interrupt();
      asked = Clock::now();
    }
    return false;
  });
  const auto ended = run->learner().ended();
  if (const auto fault = fault_of(run->learner(), *ended, exercise())) throw Failed{*fault};
  if (!asked) {
    throw Failed{{"workers-not-staggered", "all workers are at work at the same time at some moment",
                  "the program ended before that"}};
  }
  const std::chrono::duration<double> took = ended->at - *asked;
  const auto left = demonstration.records.size() - run->handled().size();
  if (left > 0 && took < patience_to_leave) return expect_left(demonstration.group);
  throw Failed{{"stop-not-seen", "stop was requested with records left: all workers leave the group and end",
                fmt::format("it ended {:.1f} s later, with {} of {} records handled", took.count(),
                            run->handled().size(), demonstration.records.size())}};
}

}  // namespace grader
