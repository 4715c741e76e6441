// What one finds of the past: after retention, in a second group, and after a reset to an earlier time.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "predictions/experiments/collect.hpp"
#include "predictions/experiments/kafka_tool.hpp"
#include "predictions/experiments/parts.hpp"

namespace grader {
namespace {

std::chrono::milliseconds minutes_ago(int minutes) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now) - std::chrono::minutes(minutes);
}

std::string minutes_in_ms(int minutes) {
  return std::to_string(std::chrono::milliseconds(std::chrono::minutes(minutes)).count());
}

std::int64_t first_offset(Scene& scene, const std::string& topic) {
  return scene.admin().watermarks({.topic = topic, .partition = 0}).first;
}

/// Returns when the broker has looked for old records everywhere at least once more: it has then removed
/// those of two topics that were made for it one after the other.
void wait_for_retention(Scene& scene) {
  for (const std::string label : {"canary-1", "canary-2"}) {
    const auto canary = scene.create_topic(label, 1, {{"retention.ms", "60000"}});
    auto old = orders(1, 1);
    old.front().event.timestamp = minutes_ago(10);
    write(scene, canary, old);
    scene.wait_until("the broker's look for old records", [&] { return first_offset(scene, canary) > 0; });
  }
}

Observation slow_reader(Scene& scene, const Settings& settings) {
  const int old = settings.number("old_orders");
  const int fresh = settings.number("new_orders");
  const int read = settings.number("read_before");
  if (read >= old) throw std::invalid_argument("'read_before' must be less than 'old_orders'");
  const Admin::TopicSettings segments{{"segment.ms", minutes_in_ms(settings.number("segment_minutes"))}};
  auto kept_for_ever = segments;
  kept_for_ever["retention.ms"] = "-1";
  const auto topic = scene.create_topic("orders", 1, kept_for_ever);
  const auto group = scene.name_group("group");
  auto aged = orders(1, old);
  for (auto& seed : aged) seed.event.timestamp = minutes_ago(settings.number("age_minutes"));
  write(scene, topic, aged);
  // Written apart: a batch is never divided between two segments.
  write(scene, topic, orders(old + 1, old + fresh));
  MemberProcess before(scene,
                       {.name = "before", .config = quick_member(group), .topic = topic, .stop_after = read});
  before.wait_for_end();
  const auto committed = scene.admin().committed(group);

  auto kept = segments;
  kept["retention.ms"] = minutes_in_ms(settings.number("retention_minutes"));
  scene.admin().set_topic(topic, kept);
  wait_for_retention(scene);

  const auto [low, high] = scene.admin().watermarks({.topic = topic, .partition = 0});
  MemberProcess later(scene, {.name = "later",
                              .config = quick_member(group, {{"auto.offset.reset", settings.word("reset")}}),
                              .topic = topic});
  scene.wait_until("the reader's start",
                   [&] { return later.news_of("at-end") || later.news_of("no-offset"); });
  const bool refused = later.news_of("no-offset").has_value();
  const auto found = later.handled();
  Observation observed;
  observed.table = {.columns = {"", ""},
                    .rows = {{"written, and old", fmt::format("orders 1 … {}", old)},
                             {"written just now", fmt::format("orders {} … {}", old + 1, old + fresh)},
                             {"the group's committed offset",
                              fmt::format("{} (order {})", committed.begin()->second, read + 1)},
                             {"offsets still in the log", fmt::format("{} … {}", low, high - 1)},
                             {"given to the reader", refused ? "none: it has an error" : numbers_of(found)}}};
  if (refused) {
    observed.outcome = "error";
  } else if (found.empty()) {
    observed.outcome = "nothing";
  } else if (found.front() == fmt::format("order {}", read + 1)) {
    observed.outcome = "goes-on";
  } else {
    observed.outcome = "gap";
  }
  return observed;
}

Observation two_readers(Scene& scene, const Settings& settings) {
  const int partitions = settings.number("partitions");
  const int count = settings.number("orders");
  const bool together = settings.word("groups") == "one";
  const auto topic = scene.create_topic("orders", partitions);
  const auto ann_group = scene.name_group("billing");
  const auto bob_group = together ? ann_group : scene.name_group("shipping");
  MemberProcess ann(scene, {.name = "ann", .config = quick_member(ann_group), .topic = topic});
  MemberProcess bob(scene, {.name = "bob", .config = quick_member(bob_group), .topic = topic});
  for (const auto& group : {ann_group, bob_group})
    wait_for_group(scene, group, together ? 2 : 1, topic, partitions);
  write(scene, topic, orders(1, count, partitions));
  const auto ends = ends_of(scene, topic, partitions);
  const auto finished = [&](const std::string& group) {
    const auto committed = scene.admin().committed(group);
    return std::ranges::all_of(ends, [&](const auto& end) {
      const auto found = committed.find({.topic = topic, .partition = end.first});
      return found != committed.end() && found->second >= end.second;
    });
  };
  scene.wait_until("everything committed", [&] { return finished(ann_group) && finished(bob_group); });
  auto anns = ann.handled();
  auto bobs = bob.handled();
  const auto all = static_cast<std::size_t>(count);
  const auto number = [](const std::string& order) { return std::stoi(order.substr(order.rfind(' '))); };
  std::ranges::sort(anns, {}, number);
  std::ranges::sort(bobs, {}, number);
  Observation observed;
  observed.table = {.columns = {"", "group", "orders that it was given"},
                    .rows = {{"ann", "billing", numbers_of(anns)},
                             {"bob", together ? "billing" : "shipping", numbers_of(bobs)}}};
  if (anns.size() == all && bobs.size() == all) {
    observed.outcome = "both-all";
  } else if (anns.empty() || bobs.empty()) {
    observed.outcome = "one-only";
  } else {
    observed.outcome = "shared";
  }
  return observed;
}

Observation replay(Scene& scene, const Settings& settings) {
  const int count = settings.number("orders");
  const int every = settings.number("minutes_between");
  const int since = settings.number("back_minutes");
  const bool running = settings.word("reader") == "running";
  const auto topic = scene.create_topic("orders", 1);
  const auto group = scene.name_group("billing");
  auto seeds = orders(1, count);
  int age = count * every;
  for (auto& seed : seeds) {
    seed.event.timestamp = minutes_ago(age);
    age -= every;
  }
  write(scene, topic, seeds);
  MemberProcess first(scene, {.name = "first", .config = quick_member(group), .topic = topic});
  wait_for_end_of(scene, first, 0, count);
  if (!running) {
    first.ask_to_close();
    first.wait_for_end();
  }
  const auto to = std::chrono::system_clock::now() - std::chrono::minutes(since);
  const auto when =
      fmt::format("{:%Y-%m-%dT%H:%M:%S}.000Z", fmt::gmtime(std::chrono::system_clock::to_time_t(to)));
  const auto reset = run_kafka_tool(scene, {"consumer-groups", "--reset-offsets", "--group", group, "--topic",
                                            topic, "--to-datetime", when, "--execute"});
  const auto offset = scene.admin().committed(group).begin()->second;
  std::vector<std::string> again;
  if (running) {
    first.ask_to_close();
    first.wait_for_end();
  }
  MemberProcess second(scene, {.name = "second", .config = quick_member(group), .topic = topic});
  scene.wait_until("the second reader's start", [&] { return second.news_of("at-end").has_value(); });
  again = second.handled();
  Observation observed;
  observed.table = {
      .columns = {"", ""},
      .rows = {{"written",
                fmt::format("orders 1 … {}, one every {} min, the last {} min ago", count, every, every)},
               {"the reader", running ? "goes on while the offsets are reset" : "has left its group"},
               {"committed after the reset", std::to_string(offset)},
               {"given to the next reader", numbers_of(again)}}};
  if (running) observed.remark = "consumer-groups said: " + reset.output.substr(0, reset.output.find('\n'));
  if (again.empty()) {
    observed.outcome = "nothing";
  } else {
    observed.outcome = static_cast<int>(again.size()) == count ? "all" : "since-then";
  }
  return observed;
}

}  // namespace

std::vector<Experiment> past() {
  const Setting some{.name = "orders", .lowest = 2, .highest = 20};
  return {{.name = "retention_and_a_slow_reader",
           .settings = {{.name = "old_orders", .lowest = 2, .highest = 20},
                        {.name = "new_orders", .lowest = 1, .highest = 20},
                        {.name = "read_before", .lowest = 1, .highest = 19},
                        {.name = "age_minutes", .lowest = 1, .highest = 1000},
                        {.name = "retention_minutes", .lowest = 1, .highest = 1000},
                        {.name = "segment_minutes", .lowest = 1, .highest = 1000},
                        {.name = "reset", .words = {"earliest", "latest", "error"}}},
           .outcomes = {"goes-on", "gap", "nothing", "error"},
           .run = slow_reader},
          {.name = "two_groups",
           .settings = {some,
                        {.name = "partitions", .lowest = 1, .highest = 6},
                        {.name = "groups", .words = {"one", "two"}}},
           .outcomes = {"both-all", "shared", "one-only"},
           .run = two_readers},
          {.name = "replay",
           .settings = {some,
                        {.name = "minutes_between", .lowest = 1, .highest = 60},
                        {.name = "back_minutes", .lowest = 1, .highest = 1000},
                        {.name = "reader", .words = {"stopped", "running"}}},
           .outcomes = {"since-then", "all", "nothing"},
           .run = replay}};
}

}  // namespace grader
