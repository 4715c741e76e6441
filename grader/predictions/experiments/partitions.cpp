// Why there are partitions: what they give (workers side by side), and what they take (order across them).

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <set>

#include "predictions/experiments/collect.hpp"
#include "predictions/experiments/parts.hpp"

namespace grader {
namespace {

struct Shift {
  std::chrono::milliseconds taken{};
  std::size_t busy = 0;  ///< Workers that had something to do.
};

/// How long a group takes for all orders in a topic of so many partitions. `label` names both.
Shift work_off(Scene& scene, const Settings& settings, const std::string& label, int partitions) {
  const int workers = settings.number("workers");
  const int count = settings.number("orders");
  const auto topic = scene.create_topic(label, partitions);
  const auto group = scene.name_group(label);
  std::list<MemberProcess> members;
  for (int number = 1; number <= workers; ++number) {
    members.emplace_back(scene, MemberPlan{.name = fmt::format("{}-{}", label, number),
                                           .config = quick_member(group),
                                           .topic = topic,
                                           .commit = "never",
                                           .work_ms = settings.number("work_ms")});
  }
  // Orders come when everybody is ready, or the first worker would take them all.
  wait_for_group(scene, group, static_cast<std::size_t>(workers), topic, partitions);
  for (int partition = 0; partition < partitions; ++partition) {
    scene.wait_until("workers at their partitions", [&] {
      return std::ranges::any_of(members, [&](auto& member) {
        return std::ranges::any_of(member.news(), [&](const MemberNews& news) {
          return news.kind == "at-end" && news.partitions.front() == partition;
        });
      });
    });
  }
  write(scene, topic, orders(1, count, partitions));
  const auto done = [&] {
    std::size_t handled = 0;
    for (auto& member : members) handled += member.handled().size();
    return handled >= static_cast<std::size_t>(count);
  };
  scene.wait_until("the end of the work", done, std::chrono::seconds(20));
  auto first = std::chrono::steady_clock::time_point::max();
  auto last = std::chrono::steady_clock::time_point::min();
  Shift shift;
  for (auto& member : members) {
    if (!member.handled().empty()) ++shift.busy;
    for (const auto& news : member.news()) {
      if (news.kind == "handling") first = std::min(first, news.at);
      if (news.kind == "handled") last = std::max(last, news.at);
    }
  }
  shift.taken = std::chrono::duration_cast<std::chrono::milliseconds>(last - first);
  return shift;
}

Observation share_work(Scene& scene, const Settings& settings) {
  const int few = settings.number("few");
  const int many = settings.number("many");
  const Shift narrow = work_off(scene, settings, "few", few);
  const Shift wide = work_off(scene, settings, "many", many);
  const double times = static_cast<double>(narrow.taken.count()) / static_cast<double>(wide.taken.count());
  Observation observed;
  observed.table = {.columns = {"partitions", "workers", "of them busy", "time for all orders"},
                    .rows = {{std::to_string(few), settings.word("workers"), std::to_string(narrow.busy),
                              in_words(narrow.taken)},
                             {std::to_string(many), settings.word("workers"), std::to_string(wide.busy),
                              in_words(wide.taken)}}};
  observed.remark = fmt::format("With {} partitions the work was done {:.1f} times as fast.", many, times);
  observed.outcome = times < 1.4 ? "as-fast" : times < 2.25 ? "twice" : "thrice";
  return observed;
}

bool ascending(const std::vector<std::string>& orders) {
  return std::ranges::is_sorted(
      orders, {}, [](const std::string& order) { return std::stoi(order.substr(order.rfind(' '))); });
}

Observation keep_order(Scene& scene, const Settings& settings) {
  const int partitions = settings.number("partitions");
  const auto keys = settings.list("keys");
  const auto topic = scene.create_topic("orders", partitions);
  auto seeds = orders(1, settings.number("orders"));
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    seeds[i].partition = -1;  // by its key
    seeds[i].event.key = keys.at(i % keys.size());
  }
  write(scene, topic, seeds);
  MemberProcess reader(scene, {.name = "reader",
                               .config = quick_member(scene.name_group("group")),
                               .topic = topic,
                               .commit = "never"});
  const auto ends = ends_of(scene, topic, partitions);
  for (const auto& [partition, end] : ends) wait_for_end_of(scene, reader, partition, end);

  Observation observed;
  observed.table.columns = {"", "orders, as they were read"};
  observed.table.rows.push_back({"all", numbers_of(reader.handled())});
  bool each = true;
  for (int partition = 0; partition < partitions; ++partition) {
    std::vector<std::string> own;
    for (const auto& news : reader.news()) {
      if (news.kind == "handled" && news.partitions.front() == partition) own.push_back(news.value);
    }
    each = each && ascending(own);
    observed.table.rows.push_back({fmt::format("of partition {}", partition), numbers_of(own)});
  }
  observed.outcome = ascending(reader.handled()) ? "kept" : each ? "in-each-partition" : "mixed";
  return observed;
}

}  // namespace

std::vector<Experiment> partitions() {
  return {{.name = "partitions_and_workers",
           .settings = {{.name = "few", .lowest = 1, .highest = 6},
                        {.name = "many", .lowest = 1, .highest = 6},
                        {.name = "workers", .lowest = 1, .highest = 6},
                        {.name = "orders", .lowest = 6, .highest = 100},
                        {.name = "work_ms", .lowest = 5, .highest = 100}},
           .outcomes = {"as-fast", "twice", "thrice"},
           .run = share_work},
          {.name = "partitions_and_order",
           .settings = {{.name = "partitions", .lowest = 1, .highest = 6},
                        {.name = "orders", .lowest = 3, .highest = 30},
                        {.name = "keys"}},
           .outcomes = {"kept", "in-each-partition", "mixed"},
           .run = keep_order}};
}

}  // namespace grader
