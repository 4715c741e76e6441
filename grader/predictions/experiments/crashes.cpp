// What becomes of a record when its consumer dies or fails between handling and committing it.

#include <fmt/format.h>

#include <algorithm>

#include "predictions/experiments/collect.hpp"
#include "predictions/experiments/parts.hpp"

namespace grader {
namespace {

/// Handled how often, by two consumers one after the other; what the group had committed in between.
Observation count_handled(Scene& scene, MemberProcess& first, MemberProcess& second, int which, int count,
                          std::int64_t committed) {
  const auto value = fmt::format("order {}", which);
  const auto before = first.handled();
  const auto after = second.handled();
  const auto times = std::ranges::count(before, value) + std::ranges::count(after, value);
  for (int number = 1; number <= count; ++number) {
    const auto other = fmt::format("order {}", number);
    if (number != which && std::ranges::count(before, other) + std::ranges::count(after, other) != 1)
      settled_nothing(fmt::format("{} was not handled once, though nothing had happened to it", other));
  }
  Observation observed;
  observed.timeline = timeline_of(scene, {&first, &second});
  observed.table = {
      .columns = {"", ""},
      .rows = {{"handled by the first", numbers_of(before)},
               {"committed offset", fmt::format("{} (the next is order {})", committed, committed + 1)},
               {"handled by the second", numbers_of(after)}}};
  observed.outcome = times == 0 ? "lost" : times == 1 ? "once" : "twice";
  return observed;
}

std::int64_t committed_in(Scene& scene, const std::string& group) {
  const auto offsets = scene.admin().committed(group);
  return offsets.empty() ? 0 : offsets.begin()->second;
}

Observation killed_in_between(Scene& scene, const Settings& settings) {
  const int count = settings.number("orders");
  const int crash = settings.number("crash_at");
  if (crash >= count) throw std::invalid_argument("'crash_at' must be less than 'orders'");
  const bool commit_first = settings.word("order") == "commit-first";
  const bool between = settings.word("moment") == "between";
  const auto topic = scene.create_topic("orders", 1);
  const auto group = scene.name_group("group");
  write(scene, topic, orders(1, count));
  // The coordinator notices the death when the session is over.
  const auto config = quick_member(group, {{"session.timeout.ms", "500"}});
  scene.start_clock();
  MemberProcess first(scene, {.name = "first",
                              .config = config,
                              .topic = topic,
                              .commit = commit_first ? "before" : "after",
                              .hold_at = between || commit_first ? crash : crash + 1,
                              .hold_where = between ? "between" : "in-handler"});
  scene.wait_until("the moment of the crash", [&] { return first.news_of("holding").has_value(); });
  first.kill();
  const auto died = scene.since_start();
  const auto committed = committed_in(scene, group);
  MemberProcess second(scene, {.name = "second", .config = config, .topic = topic});
  wait_for_end_of(scene, second, 0, count);
  auto observed = count_handled(scene, first, second, crash, count, committed);
  observed.timeline.push_back({.at = died, .who = "first", .what = "is killed (kill -9)"});
  std::ranges::stable_sort(observed.timeline, {}, &Moment::at);
  return observed;
}

Observation handler_fails(Scene& scene, const Settings& settings) {
  const int count = settings.number("orders");
  const int fails = settings.number("fails_at");
  if (fails > count) throw std::invalid_argument("'fails_at' must not be more than 'orders'");
  const bool stored_at_once = settings.word("stored") == "when-handed-over";
  const auto topic = scene.create_topic("orders", 1);
  const auto group = scene.name_group("group");
  write(scene, topic, orders(1, count));
  const auto config = quick_member(group, {{"enable.auto.commit", "true"},
                                           {"auto.commit.interval.ms", settings.word("interval_ms")},
                                           {"enable.auto.offset.store", stored_at_once ? "true" : "false"}});
  scene.start_clock();
  MemberProcess first(
      scene, {.name = "first", .config = config, .topic = topic, .commit = "never", .fail_at = fails});
  first.wait_for_end();
  const auto committed = committed_in(scene, group);
  MemberProcess second(scene, {.name = "second", .config = config, .topic = topic, .commit = "never"});
  wait_for_end_of(scene, second, 0, count);
  auto observed = count_handled(scene, first, second, fails, count, committed);
  if (observed.outcome == "once") observed.outcome = "comes-again";
  return observed;
}

}  // namespace

std::vector<Experiment> crashes() {
  return {{.name = "commit_or_handle_first",
           .settings = {{.name = "orders", .lowest = 2, .highest = 10},
                        {.name = "crash_at", .lowest = 1, .highest = 9},
                        {.name = "order", .words = {"handle-first", "commit-first"}},
                        {.name = "moment", .words = {"between", "after-both"}}},
           .outcomes = {"once", "twice", "lost"},
           .run = killed_in_between},
          {.name = "automatic_commit",
           .settings = {{.name = "orders", .lowest = 1, .highest = 10},
                        {.name = "fails_at", .lowest = 1, .highest = 10},
                        {.name = "stored", .words = {"when-handed-over", "when-handled"}},
                        {.name = "interval_ms", .lowest = 50, .highest = 60000}},
           .outcomes = {"comes-again", "lost"},
           .run = handler_fails}};
}

}  // namespace grader
