// What demonstrate_rebalancing promises (phases/4-groups/demonstrate_rebalancing.hpp): its timeline is
// compared with what the group's coordinator said while it ran.

#include <fmt/format.h>

#include "checks/framework/demonstration_check.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;

class DemonstrateRebalancing : public DemonstrationCheck {
 protected:
  Demonstration prepare_orders(int partitions, int each) {
    Demonstration demonstration{
        .topic = new_topic(partitions), .partitions = partitions, .group = new_name("group"), .records = {}};
    demonstration.records = seed(demonstration.topic, partitions, each);
    return demonstration;
  }

  /// Every record was handled at least once.
  void expect_complete(const Demonstration& demonstration) {
    for (const auto& record : demonstration.records) {
      if (handled().contains(place_of(record))) continue;
      throw Failed{{"demonstration-incomplete",
                    fmt::format("all {} records are handled", demonstration.records.size()),
                    fmt::format("{} was not", to_string(place_of(record)))}};
    }
  }
};

}  // namespace

CORE_CHECK(DemonstrateRebalancing, the_timeline_is_true,
           "three workers join one by one, one leaves, and the timeline says what the group did") {
  step("40 orders lie in a topic with 4 partitions");
  const auto demonstration = prepare_orders(4, 10);
  step("the demonstration runs, while the coordinator is watched");
  const auto claims = run(demonstration);
  step("all orders were handled");
  expect_complete(demonstration);
  step("the group went through generations of 1, 2 and 3 workers, and then without worker-1");
  expect_story(3);
  step("in every stable generation the timeline says who owned what");
  expect_in_order(claims);
  expect_claims_match(claims);
  step("every order that was handled is in it, under the name of a worker that owned its partition then");
  expect_handled_match(claims);
}

EDGE_CHECK(DemonstrateRebalancing, cooperative_too, "with a cooperative assignor the timeline is as true") {
  auto demonstration = prepare_orders(4, 20);
  demonstration.settings["partition.assignment.strategy"] = "cooperative-sticky";
  step("the demonstration runs with the cooperative-sticky assignor");
  const auto claims = run(demonstration);
  step("the group went through the same story, and the timeline tells it");
  expect_complete(demonstration);
  expect_story(3);
  expect_in_order(claims);
  expect_claims_match(claims);
  expect_handled_match(claims);
}

EDGE_CHECK(DemonstrateRebalancing, waits_for_a_slow_handover,
           "a worker that is busy for long keeps the next one waiting, and the demonstration waits too") {
  auto demonstration = prepare_orders(4, 10);
  demonstration.first_handover = 4s;
  step("worker-1 works on a record for four seconds, in which worker-2 gets no partitions");
  const auto claims = run(demonstration);
  step("worker-3 was not started before worker-2 had its partitions");
  expect_complete(demonstration);
  expect_story(3);
  expect_in_order(claims);
  expect_claims_match(claims);
}

EDGE_CHECK(DemonstrateRebalancing, more_workers_than_partitions,
           "a worker too many has nothing to do, and the demonstration goes on") {
  auto demonstration = prepare_orders(2, 20);
  step("three workers for two partitions");
  const auto claims = run(demonstration);
  expect_complete(demonstration);
  expect_story(3);
  expect_in_order(claims);
  expect_claims_match(claims);
  expect_handled_match(claims);
}

EDGE_CHECK(DemonstrateRebalancing, a_failing_worker_ends_it,
           "when one worker fails the others are stopped, and the caller hears of it") {
  const auto demonstration = prepare_orders(4, 40);
  step("when three workers are at work, the handler of one throws");
  step("the others are stopped, the exception reaches the caller, the group is left");
  expect_failure_ends_all(demonstration);
}

EDGE_CHECK(DemonstrateRebalancing, stop_ends_it, "a demonstration that is stopped ends all of its workers") {
  const auto demonstration = prepare_orders(4, 40);
  step("when three workers are at work, stop is requested");
  step("all of them leave the group, and the demonstration returns with records left");
  expect_stop_ends_all(demonstration);
}

}  // namespace grader
