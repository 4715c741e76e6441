// What happens when a member of a group goes: who takes over, and after how long.

#include <fmt/format.h>

#include <algorithm>
#include <list>

#include "predictions/experiments/collect.hpp"
#include "predictions/experiments/parts.hpp"

namespace grader {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Partitions by the name of the member that has them, as the coordinator says.
std::map<std::string, std::vector<int>> owners(const Group& group) {
  std::map<std::string, std::vector<int>> owners;
  for (const auto& member : group.members) {
    auto& own = owners[member.client_id];
    for (const auto& one : member.partitions) own.push_back(one.partition);
  }
  return owners;
}

std::string partitions_in_words(const std::vector<int>& partitions) {
  std::string text;
  for (const int partition : partitions) text += fmt::format("{}{}", text.empty() ? "" : " ", partition);
  return text.empty() ? "none" : text;
}

Observation one_dies(Scene& scene, const Settings& settings) {
  const int workers = settings.number("workers");
  const int partitions = settings.number("partitions");
  const auto topic = scene.create_topic("orders", partitions);
  const auto group = scene.name_group("group");
  std::list<MemberProcess> members;
  for (int number = 1; number <= workers; ++number) {
    members.emplace_back(scene,
                         MemberPlan{.name = fmt::format("worker-{}", number),
                                    .config = quick_member(
                                        group, {{"session.timeout.ms", settings.word("session_timeout_ms")}}),
                                    .topic = topic});
  }
  const auto before =
      owners(wait_for_group(scene, group, static_cast<std::size_t>(workers), topic, partitions));
  const bool wants_idle = settings.word("dies") == "idle";
  const auto victim = std::ranges::find_if(
      members, [&](const MemberProcess& member) { return before.at(member.name()).empty() == wants_idle; });
  if (victim == members.end())
    throw std::invalid_argument("no worker is idle: 'workers' must be more than 'partitions' for that");
  victim->kill();
  const auto died = steady_clock::now();
  const auto after =
      owners(wait_for_group(scene, group, static_cast<std::size_t>(workers) - 1, topic, partitions));
  const auto taken = std::chrono::duration_cast<milliseconds>(steady_clock::now() - died);

  Observation observed;
  observed.table.columns = {"", "had", fmt::format("has, {} later", in_words(taken))};
  std::size_t most = 0;
  bool same = true;
  for (const auto& [name, had] : before) {
    const auto found = after.find(name);
    if (found == after.end()) {
      observed.table.rows.push_back({name, partitions_in_words(had), "(killed)"});
      continue;
    }
    observed.table.rows.push_back({name, partitions_in_words(had), partitions_in_words(found->second)});
    most = std::max(most, found->second.size());
    same = same && had == found->second;
  }
  const auto fair = static_cast<std::size_t>((partitions + workers - 1) / workers);
  observed.outcome = wants_idle && same ? "nothing" : most > fair ? "others-take-more" : "idle-steps-in";
  return observed;
}

/// Two members and one partition: one has it, the other would take it.
struct Pair {
  std::string group;
  std::string topic;
  std::list<MemberProcess> members{};
  MemberProcess* owner = nullptr;
  MemberProcess* successor = nullptr;
};

void start(Scene& scene, const Settings& settings, const std::string& way, Pair& pair) {
  pair.topic = scene.create_topic(way, 1);
  pair.group = scene.name_group(way);
  for (const std::string who : {"a", "b"}) {
    course::ClientConfig config =
        quick_member(pair.group, {{"session.timeout.ms", settings.word("session_timeout_ms")},
                                  {"max.poll.interval.ms", settings.word("max_poll_ms")}});
    if (settings.word("membership") == "static") config["group.instance.id"] = who;
    // Whoever gets a record first is the one that hangs.
    pair.members.emplace_back(scene, MemberPlan{.name = fmt::format("{}-{}", way, who),
                                                .config = config,
                                                .topic = pair.topic,
                                                .hold_at = way == "hang" ? 1 : 0});
  }
}

void find_owner(Scene& scene, Pair& pair) {
  const auto group = wait_for_group(scene, pair.group, 2, pair.topic, 1);
  for (auto& member : pair.members) {
    const auto own = owners(group).at(member.name());
    (own.empty() ? pair.successor : pair.owner) = &member;
  }
  scene.wait_until("the owner at its partition", [&] { return pair.owner->owns(1); });
}

Observation leave(Scene& scene, const Settings& settings) {
  const int session = settings.number("session_timeout_ms");
  if (settings.number("max_poll_ms") < session)
    throw std::invalid_argument(
        "'max_poll_ms' must not be less than 'session_timeout_ms': the client refuses that");
  std::map<std::string, Pair> pairs;
  for (const std::string way : {"close", "kill", "hang"}) start(scene, settings, way, pairs[way]);
  for (auto& [way, pair] : pairs) find_owner(scene, pair);

  std::map<std::string, steady_clock::time_point> gone;
  write(scene, pairs["hang"].topic, orders(1, 1));
  scene.wait_until("a worker that hangs",
                   [&] { return pairs["hang"].owner->news_of("holding").has_value(); });
  gone["hang"] = pairs["hang"].owner->news_of("holding")->at;
  pairs["kill"].owner->kill();
  gone["kill"] = steady_clock::now();
  gone["close"] = steady_clock::now();
  pairs["close"].owner->ask_to_close();

  // What the coordinator describes tells when it has noticed; the successor hears of it with its next
  // heartbeat.
  std::map<std::string, milliseconds> noticed;
  std::map<std::string, milliseconds> waited;
  const auto since = [&](const std::string& way, steady_clock::time_point at) {
    return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(at - gone[way]));
  };
  const auto look = [&](const std::string& way, const Pair& pair) {
    if (!noticed.contains(way)) {
      const auto group = scene.admin().describe(pair.group);
      if (group.state != "Stable" || !owners(group).contains(pair.owner->name()))
        noticed[way] = since(way, steady_clock::now());
    }
    for (const auto& news : pair.successor->news()) {
      if (news.kind == "assigned" && !news.partitions.empty() && news.at > gone[way])
        waited.try_emplace(way, since(way, news.at));
    }
  };
  scene.wait_until(
      "a successor for everybody",
      [&] {
        for (const auto& [way, pair] : pairs) look(way, pair);
        return noticed.size() == pairs.size() && waited.size() == pairs.size();
      },
      milliseconds(2 * settings.number("max_poll_ms") + 2 * session + 5000));
  Observation observed;
  observed.table.columns = {"the owner", "noticed after", "its successor has the partition after"};
  for (const auto& [way, what] :
       {std::pair{"close", "closes its consumer"}, std::pair{"kill", "is killed (kill -9)"},
        std::pair{"hang", "hangs in its handler"}})
    observed.table.rows.push_back({what, in_words(noticed[way]), in_words(waited[way])});
  // The session counts from the last heartbeat, and clients send one every half second or so.
  const auto at_once = [&](const char* way) { return noticed[way] < milliseconds(session) / 4; };
  if (at_once("close") && at_once("kill")) {
    observed.outcome = "close-and-kill-at-once";
  } else if (at_once("close")) {
    const bool hang_later = noticed["hang"] > noticed["kill"] + milliseconds(session) / 4;
    observed.outcome = hang_later ? "close-kill-hang" : "close-only";
  } else {
    observed.outcome = "nobody-at-once";
  }
  return observed;
}

}  // namespace

std::vector<Experiment> departures() {
  const Setting session{.name = "session_timeout_ms", .lowest = 1000, .highest = 6000};
  return {{.name = "six_workers",
           .settings = {{.name = "workers", .lowest = 2, .highest = 8},
                        {.name = "partitions", .lowest = 1, .highest = 8},
                        {.name = "dies", .words = {"busy", "idle"}},
                        session},
           .outcomes = {"idle-steps-in", "others-take-more", "nothing"},
           .run = one_dies},
          {.name = "leaving",
           .settings = {{.name = "membership", .words = {"dynamic", "static"}},
                        session,
                        {.name = "max_poll_ms", .lowest = 1000, .highest = 20000}},
           .outcomes = {"close-kill-hang", "close-only", "close-and-kill-at-once", "nobody-at-once"},
           .run = leave}};
}

}  // namespace grader
