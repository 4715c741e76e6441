// What a rebalance does: to the record in a worker's hands, and to partitions that move.

#include <fmt/format.h>

#include <algorithm>

#include "predictions/experiments/collect.hpp"
#include "predictions/experiments/parts.hpp"

namespace grader {
namespace {

using std::chrono::steady_clock;

constexpr auto patience_with_ann = std::chrono::milliseconds(600);

/// Whether every partition was read to its end by somebody since partitions were handed out for the last
/// time.
bool read_to_the_end(const std::vector<MemberProcess*>& members, const std::map<int, std::int64_t>& ends) {
  steady_clock::time_point last{};
  for (auto* member : members) {
    for (const auto& news : member->news()) {
      if (news.kind == "assigned") last = std::max(last, news.at);
    }
  }
  return std::ranges::all_of(ends, [&](const auto& end) {
    return std::ranges::any_of(members, [&](MemberProcess* member) {
      return std::ranges::any_of(member->news(), [&](const MemberNews& news) {
        return news.kind == "at-end" && news.at > last && news.partitions.front() == end.first &&
               news.offset >= end.second;
      });
    });
  });
}

Observation in_flight(Scene& scene, const Settings& settings) {
  const int partitions = settings.number("partitions");
  const int count = settings.number("orders");
  const auto topic = scene.create_topic("orders", partitions);
  const auto group = scene.name_group("group");
  write(scene, topic, orders(1, count, partitions));
  const auto ends = ends_of(scene, topic, partitions);
  const auto config = quick_member(group);
  scene.start_clock();
  MemberProcess ann(scene, {.name = "ann",
                            .config = config,
                            .topic = topic,
                            .commit = settings.word("commit"),
                            .hold_at = settings.number("busy_with")});
  scene.wait_until("ann at work", [&] { return ann.news_of("holding").has_value(); });
  const auto held = ann.news_of("holding")->value;
  MemberProcess bob(scene,
                    {.name = "bob", .config = config, .topic = topic, .commit = settings.word("commit")});
  scene.wait_until("a rebalance",
                   [&] { return scene.admin().describe(group).state == "PreparingRebalance"; });
  // Long enough for Ann's client to hear of it with a heartbeat.
  const bool given = scene.comes_true([&] { return bob.news_of("assigned").has_value(); }, patience_with_ann);
  const auto waiting = scene.since_start();
  ann.release();
  wait_for_group(scene, group, 2, topic, partitions);
  scene.wait_until("the end of the topic", [&] { return read_to_the_end({&ann, &bob}, ends); });

  const auto anns = ann.handled();
  const auto bobs = bob.handled();
  const auto times = std::ranges::count(anns, held) + std::ranges::count(bobs, held);
  Observation observed;
  observed.timeline = timeline_of(scene, {&ann, &bob});
  observed.timeline.push_back({.at = waiting,
                               .who = "bob",
                               .what = given ? "has joined, and has partitions already"
                                             : "has joined, and waits for as long as ann is busy"});
  std::ranges::stable_sort(observed.timeline, {}, &Moment::at);
  observed.table = {.columns = {"", ""},
                    .rows = {{"in ann's hands", held},
                             {"handled by ann", numbers_of(anns)},
                             {"handled by bob", numbers_of(bobs)}}};
  observed.outcome = times == 0 ? "lost" : times == 1 ? "once" : "twice";
  return observed;
}

Observation revoked(Scene& scene, const Settings& settings) {
  const int partitions = settings.number("partitions");
  const auto topic = scene.create_topic("orders", partitions);
  const auto group = scene.name_group("group");
  const auto config = quick_member(group, {{"partition.assignment.strategy", settings.word("assignor")}});
  scene.start_clock();
  MemberProcess ann(scene, {.name = "ann", .config = config, .topic = topic, .commit = "on-revoke"});
  wait_for_group(scene, group, 1, topic, partitions);
  scene.wait_until("ann's partitions", [&] { return ann.owns(static_cast<std::size_t>(partitions)); });
  MemberProcess bob(scene, {.name = "bob", .config = config, .topic = topic, .commit = "on-revoke"});
  wait_for_group(scene, group, 2, topic, partitions);
  scene.wait_until("bob's partitions", [&] { return bob.owns(1); });

  const auto taken = ann.news_of("revoked");
  if (!taken) settled_nothing("ann did not hear that she has to give something up");
  const auto news = bob.news();
  const auto got = std::ranges::find_if(
      news, [](const MemberNews& one) { return one.kind == "assigned" && !one.partitions.empty(); });
  Observation observed;
  observed.timeline = timeline_of(scene, {&ann, &bob});
  observed.number = static_cast<std::int64_t>(taken->partitions.size());
  observed.remark = fmt::format(
      "Between ann's giving up and bob's being given, the partitions that moved belonged to nobody for {}.",
      in_words(std::chrono::duration_cast<std::chrono::milliseconds>(got->at - taken->at)));
  if (got->at < taken->at) settled_nothing("bob was given partitions before ann had given any up");
  return observed;
}

Observation growing_topic(Scene& scene, const Settings& settings) {
  const auto topic = scene.create_topic("orders", 1);
  const auto group = scene.name_group("group");
  write(scene, topic, orders(1, 2));
  const auto config =
      quick_member(group, {{"auto.offset.reset", settings.word("reset")},
                           {"topic.metadata.refresh.interval.ms", settings.word("refresh_ms")}});
  scene.start_clock();
  MemberProcess ann(scene, {.name = "ann", .config = config, .topic = topic});
  scene.wait_until("ann at the end", [&] { return ann.news_of("at-end").has_value(); });
  scene.admin().create_partitions(topic, 2);
  const auto added = scene.since_start();
  scene.wait_until("a second partition", [&] { return scene.admin().partition_count(topic) == 2; });
  write(scene, topic, {{.partition = 1, .event = {.key = std::nullopt, .value = "order 3"}}});
  const auto written = steady_clock::now();
  const auto at_new_end = [&] {
    return std::ranges::any_of(ann.news(), [](const MemberNews& news) {
      return news.kind == "at-end" && news.partitions.front() == 1 && news.offset >= 1;
    });
  };
  const bool noticed = scene.comes_true(at_new_end, std::chrono::milliseconds(settings.number("watch_ms")));
  const auto read = ann.handled();
  Observation observed;
  for (const auto& news : ann.news()) {
    if (news.kind == "assigned" && std::ranges::find(news.partitions, 1) != news.partitions.end() &&
        news.at < written)
      settled_nothing("the group was faster than the first record of the new partition");
  }
  observed.timeline = timeline_of(scene, {&ann});
  observed.timeline.push_back({.at = added, .who = "", .what = "a second partition is added"});
  observed.timeline.push_back(
      {.at = scene.since_start(written), .who = "", .what = "order 3 is written to it"});
  std::ranges::stable_sort(observed.timeline, {}, &Moment::at);
  const bool read_it = std::ranges::find(read, "order 3") != read.end();
  observed.outcome = read_it ? "read" : noticed ? "skipped" : "not-noticed";
  if (!noticed)
    observed.remark = fmt::format("Watched for {} ms. The group asks for news of its topics every {} ms.",
                                  settings.word("watch_ms"), settings.word("refresh_ms"));
  return observed;
}

}  // namespace

std::vector<Experiment> rebalance() {
  return {{.name = "record_in_flight",
           .settings = {{.name = "orders", .lowest = 2, .highest = 20},
                        {.name = "partitions", .lowest = 1, .highest = 4},
                        {.name = "busy_with", .lowest = 1, .highest = 20},
                        {.name = "commit", .words = {"on-revoke", "never"}}},
           .outcomes = {"once", "twice", "lost"},
           .run =
               [](Scene& scene, const Settings& settings) {
                 if (settings.number("busy_with") > settings.number("orders"))
                   throw std::invalid_argument("'busy_with' must not be more than 'orders'");
                 return in_flight(scene, settings);
               }},
          {.name = "revoke_before_assign",
           .settings = {{.name = "partitions", .lowest = 2, .highest = 8},
                        {.name = "assignor", .words = {"range", "roundrobin", "cooperative-sticky"}}},
           .run = revoked},
          {.name = "partitions_added",
           .settings = {{.name = "reset", .words = {"earliest", "latest"}},
                        {.name = "refresh_ms", .lowest = 500, .highest = 300000},
                        {.name = "watch_ms", .lowest = 500, .highest = 10000}},
           .outcomes = {"read", "skipped", "not-noticed"},
           .run = growing_topic}};
}

}  // namespace grader
