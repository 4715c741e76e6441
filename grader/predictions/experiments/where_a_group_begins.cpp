// Where a group begins to read: one that is new, and one that has committed.

#include <fmt/format.h>

#include <algorithm>

#include "predictions/experiments/collect.hpp"
#include "predictions/experiments/parts.hpp"

namespace grader {
namespace {

const Setting reset{.name = "reset", .words = {"earliest", "latest", "error"}};
const Setting before{.name = "before", .lowest = 1, .highest = 50};
const Setting after{.name = "after", .lowest = 1, .highest = 50};

/// What a group that has committed `committed` records (0: nothing) is given of `before` records in the
/// topic, and of `after` that come once it waits for more.
Observation begin_to_read(Scene& scene, const Settings& settings, int committed) {
  const int old = settings.number("before");
  const int fresh = settings.number("after");
  const auto topic = scene.create_topic("orders", 1);
  const auto group = scene.name_group("group");
  write(scene, topic, orders(1, old));
  if (committed > 0) {
    MemberProcess first(
        scene, {.name = "earlier", .config = quick_member(group), .topic = topic, .stop_after = committed});
    first.wait_for_end();
  }
  const auto position = scene.admin().committed(group);

  scene.start_clock();
  MemberProcess reader(scene, {.name = "reader",
                               .config = quick_member(group, {{"auto.offset.reset", settings.word("reset")}}),
                               .topic = topic});
  // Only at the end of the log it is certain that it has chosen where to begin.
  scene.wait_until("the reader's start",
                   [&] { return reader.news_of("at-end") || reader.news_of("no-offset"); });
  const bool refused = reader.news_of("no-offset").has_value();
  const auto written = write(scene, topic, orders(old + 1, old + fresh));
  if (!refused) wait_for_end_of(scene, reader, 0, written.back().offset + 1);

  const auto read = reader.handled();
  Observation observed;
  observed.table = {.columns = {"", "orders"},
                    .rows = {{"in the topic at first", fmt::format("1 … {}", old)},
                             {"the group's committed offset",
                              position.empty() ? "none" : std::to_string(position.begin()->second)},
                             {"written later", fmt::format("{} … {}", old + 1, old + fresh)},
                             {"given to the reader", refused ? "none: it has an error" : numbers_of(read)}}};
  const auto count = static_cast<int>(read.size());
  if (refused) {
    observed.outcome = "error";
  } else if (count == old + fresh) {
    observed.outcome = "all";
  } else if (count == fresh) {
    observed.outcome = "only-new";
  } else if (count == old + fresh - committed) {
    observed.outcome = "rest";
  } else {
    settled_nothing(fmt::format("the reader was given {} of {} orders", count, old + fresh));
  }
  return observed;
}

}  // namespace

std::vector<Experiment> where_a_group_begins() {
  return {{.name = "new_group",
           .settings = {reset, before, after},
           .outcomes = {"all", "only-new", "error"},
           .run = [](Scene& scene, const Settings& settings) { return begin_to_read(scene, settings, 0); }},
          {.name = "committed_group",
           .settings = {reset, before, after, {.name = "committed", .lowest = 0, .highest = 49}},
           .outcomes = {"all", "rest", "only-new", "error"},
           .run = [](Scene& scene, const Settings& settings) {
             if (settings.number("committed") >= settings.number("before"))
               throw std::invalid_argument("'committed' must be less than 'before'");
             return begin_to_read(scene, settings, settings.number("committed"));
           }}};
}

}  // namespace grader
