// What consume_events promises (phases/3-consumer/consume_events.hpp), checked against what the handler was
// given, what the coordinator has, and what the program called.

#include <fmt/format.h>

#include <algorithm>

#include "checks/framework/crash_check.hpp"

namespace grader {
namespace {

using course::Record;

class ConsumeEvents : public CrashCheck {
 protected:
  /// A fetch brings one record of one partition, so that the partitions take turns at the handler.
  static inline const course::ClientConfig interleaved{{"max.partition.fetch.bytes", "1"}};

  /// Held at every question.
  static bool everywhere(const nlohmann::json&) { return true; }
};

}  // namespace

CORE_CHECK(ConsumeEvents, handles_every_record, "the handler gets every record of a new group, in order") {
  step("two topics with records in all of their partitions");
  const auto orders = new_topic(2);
  const auto payments = new_topic(1);
  auto records = seed(orders, 2, 4);
  std::ranges::copy(seed(payments, 1, 3), std::back_inserter(records));
  step("your program starts to read them, in a new group");
  const auto group = new_name("group");
  const auto run = consume({.topics = {orders, payments}, .group = group, .commit_every = 3});
  step("the handler gets each record once, from the first on, in order within a partition");
  expect_handled(*run, records);
  step("the coordinator counts the program as the member that owns all partitions");
  expect_member(*run, group, records);
  step("records that come later are handled as well");
  std::ranges::copy(seed(orders, 2, 1), std::back_inserter(records));
  expect_handled(*run, records);
  step("asked to stop, your function commits what was handled, leaves the group and returns");
  expect_stops(*run);
  expect_committed(*run, group, records);
  expect_left(group);
  note_requests();
}

CORE_CHECK(ConsumeEvents, commits_after_processing,
           "an offset is committed after its record was handled, not before") {
  step("a topic with records in two partitions");
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 3);
  step("your program reads it with commit_every 1, and is held before and after everything it does");
  const Consuming consuming{
      .topics = {topic}, .group = new_name("group"), .settings = interleaved, .hold = everywhere};
  const auto run = consume(consuming);
  step(
      "at each of these moments: nothing is committed that was not handled, at most one handled record is "
      "uncommitted");
  expect_at_every_moment(*run, consuming, records);
  step("asked to stop, your function leaves nothing uncommitted");
  expect_stops(*run);
  expect_committed(*run, consuming.group, records);
  note_requests();
}

CORE_CHECK(ConsumeEvents, second_run_sees_only_what_is_new, "a group goes on where it left off") {
  step("your program handles what a topic holds, and is stopped");
  const auto topic = new_topic(2);
  const auto old = seed(topic, 2, 3);
  const Consuming consuming{.topics = {topic}, .group = new_name("group"), .commit_every = 2};
  {
    const auto first = consume(consuming);
    expect_handled(*first, old);
    expect_stops(*first);
  }
  step("it is started again in the same group, and one more record is written to each partition");
  const auto second = consume(consuming);
  auto records = old;
  std::ranges::copy(seed(topic, 2, 1), std::back_inserter(records));
  step("the handler gets the new records, and none of the old ones");
  expect_handled(*second, records, next_offsets(places_of(old)));
  expect_stops(*second);
  expect_committed(*second, consuming.group, records);
}

CORE_CHECK(ConsumeEvents, survives_any_crash,
           "wherever the program is killed, no record is lost and few are repeated") {
  step("a topic with records in two partitions, more of them than commit_every");
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 4);
  explore({.topics = {topic}, .group = "", .commit_every = 3, .settings = interleaved}, records);
}

}  // namespace grader
