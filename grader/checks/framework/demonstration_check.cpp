#include "checks/framework/demonstration_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "checks/framework/demonstration_pace.hpp"
#include "checks/framework/ending.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;
using course::TopicPartition;

/// A generation that lasted shorter may have been over before everybody heard of it.
constexpr auto long_enough_to_be_heard_of = 250ms;
/// Between what the coordinator knows and what the worker has heard, or the watch has seen.
constexpr auto delay = 200ms;
constexpr auto longest_demonstration = 60s;

std::vector<TopicPartition> partitions_from(const nlohmann::json& list) {
  std::vector<TopicPartition> partitions;
  for (const auto& one : list)
    partitions.push_back({.topic = one.at("topic"), .partition = one.at("partition")});
  return partitions;
}

bool makes_second_worker(const nlohmann::json& question) {
  return question.value("call", "") == "rd_kafka_new" && question.value("when", "") == "before" &&
         question.at("config").value("client.id", "") == "worker-2";
}

/// Who owned what, after some of the claims, by the claims.
class ClaimedOwnership {
 public:
  void add(const ClaimedEntry& entry) {
    auto& owned = owners_[entry.worker];
    for (const auto& partition : entry.partitions) {
      if (entry.what == "assigned") owned.insert(partition);
      if (entry.what == "revoked" || entry.what == "lost") owned.erase(partition);
    }
  }

  [[nodiscard]] WorkerCheck::Ownership owners() const {
    WorkerCheck::Ownership result;
    for (const auto& [worker, partitions] : owners_) {
      if (!partitions.empty()) result[worker] = {partitions.begin(), partitions.end()};
    }
    return result;
  }
  [[nodiscard]] bool owns(const std::string& worker, const TopicPartition& partition) const {
    const auto found = owners_.find(worker);
    return found != owners_.end() && found->second.contains(partition);
  }
  [[nodiscard]] bool owned_by_anybody(const TopicPartition& partition) const {
    return std::ranges::any_of(owners_, [&](const auto& entry) { return entry.second.contains(partition); });
  }

 private:
  std::map<std::string, std::set<TopicPartition>> owners_;
};

/// 3 for "worker-3"; nothing for who is none.
std::optional<int> worker_number(const std::string& name) {
  constexpr std::string_view prefix = "worker-";
  if (!name.starts_with(prefix)) return std::nullopt;
  int number = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
  if (error != std::errc() || rest != end || number < 1) return std::nullopt;
  return number;
}

/// "worker-2" for "worker-3"; nothing for the first, and for who is none.
std::optional<std::string> worker_before(const std::string& name) {
  const auto number = worker_number(name);
  if (!number || *number < 2) return std::nullopt;
  return fmt::format("worker-{}", *number - 1);
}

WorkerCheck::Ownership without_idle(WorkerCheck::Ownership owners) {
  std::erase_if(owners, [](const auto& entry) { return entry.second.empty(); });
  return owners;
}

}  // namespace

std::unique_ptr<ConsumerRun> DemonstrationCheck::start_demonstration(const Demonstration& demonstration) {
  course::ClientConfig settings{{"fetch.wait.max.ms", "100"},
                                {"heartbeat.interval.ms", "100"},
                                {"partition.assignment.strategy", "range"}};
  for (const auto& [name, value] : demonstration.settings) settings[name] = value;
  return start_consumer("rebalance",
                        {"--no-seed", "--workers", std::to_string(demonstration.workers), "--records",
                         std::to_string(demonstration.records.size())},
                        {.topics = {demonstration.topic},
                         .group = demonstration.group,
                         .hold =
                             [slowly = demonstration.first_handover > 0s](const nlohmann::json& question) {
                               return is_hook(question) || (slowly && makes_second_worker(question));
                             }},
                        settings);
}

std::string DemonstrationCheck::owners_now() {
  Ownership owners;
  for (const auto& member : group_now().members) owners[member.client_id] = member.partitions;
  return to_string(owners);
}

void DemonstrationCheck::direct(ConsumerRun& run, const Demonstration& demonstration,
                                const Director& director) {
  DemonstrationPace pace(demonstration.workers, demonstration.records, demonstration.first_handover);
  const auto deadline = Clock::now() + longest_demonstration;
  while (run.learner().run().running()) {
    if (Clock::now() > deadline) {
      run.learner().kill();
      throw Failed{
          {"does-not-return", "the demonstration ends when all records have been handled",
           fmt::format("after {} s it was still running; {} of {} records were handled, and the group "
                       "says {}: {}",
                       longest_demonstration.count(), run.handled().size(), demonstration.records.size(),
                       group_now().state, owners_now())}};
    }
    run.learner().conversation().wait_until([](const auto&, const auto&) { return false; },
                                            Clock::now() + 10ms);
    const Group group = group_now();
    note_generation(group);
    pace.note(group);
    const auto held = run.learner().conversation().held();
    const bool anybody_busy =
        std::ranges::any_of(held, [](const auto& question) { return is_hook(question.body); });
    for (const auto& question : held) {
      if (director && director(question, pace.stage())) continue;
      const bool goes = is_hook(question.body) ? pace.may_go_on(place_from_json(question.body), run.handled())
                                               : anybody_busy || pace.has_waited_for_the_first();
      if (goes) run.let_go(question);
    }
  }
}

std::vector<ClaimedEntry> DemonstrationCheck::run(const Demonstration& demonstration) {
  generations_.clear();
  watch(demonstration.group);
  const auto run = start_demonstration(demonstration);
  direct(*run, demonstration, {});
  expect_ends_well(run->learner(), 1s, exercise());
  handled_.clear();
  for (const auto& call : run->handler_calls()) handled_.insert(call.place);

  std::vector<ClaimedEntry> claims;
  for (const auto& said : run->learner().said("timeline-entry")) {
    claims.push_back(
        {.at = Clock::time_point(std::chrono::nanoseconds(said.at("happened").get<std::int64_t>())),
         .worker = said.at("worker"),
         .what = said.at("what"),
         .partitions = partitions_from(said.at("partitions")),
         .offset = said.value("offset", std::int64_t{-1})});
  }
  expect_left(demonstration.group);
  return claims;
}

void DemonstrationCheck::note_generation(const Group& group) {
  const auto now = Clock::now();
  if (group.state != "Stable") return;
  Ownership owners;
  for (const auto& member : group.members) {
    auto& owned = owners[member.client_id];
    owned.insert(owned.end(), member.partitions.begin(), member.partitions.end());
    std::ranges::sort(owned);
  }
  if (!generations_.empty() && generations_.back().owners == owners) {
    generations_.back().until = now;
  } else {
    generations_.push_back({.seen = now, .until = now, .owners = std::move(owners)});
  }
}

void DemonstrationCheck::expect_in_order(const std::vector<ClaimedEntry>& claims) {
  const auto back =
      std::ranges::adjacent_find(claims, [](const auto& one, const auto& next) { return one.at > next.at; });
  if (back == claims.end()) return;
  throw Failed{{"timeline-out-of-order", "entries in the order of time",
                fmt::format("entry {} ({} {}) is earlier than the one before it", back - claims.begin() + 2,
                            std::next(back)->worker, std::next(back)->what)}};
}

void DemonstrationCheck::expect_claims_match(const std::vector<ClaimedEntry>& claims) {
  for (const auto& generation : generations_) {
    if (generation.until - generation.seen < long_enough_to_be_heard_of) continue;
    const auto wanted = without_idle(generation.owners);
    // The claims must say the same at some moment while it lasted, as far as the watch can tell when that
    // was.
    ClaimedOwnership claimed;
    bool matched = false;
    for (const auto& entry : claims) {
      if (entry.at > generation.until + delay) break;
      const bool within = entry.at >= generation.seen - delay;
      matched = matched || (within && claimed.owners() == wanted);
      claimed.add(entry);
      matched = matched || (within && claimed.owners() == wanted);
    }
    const Ownership last = claimed.owners();
    matched = matched || last == wanted;
    if (matched) continue;
    throw Failed{{"claims-differ-from-the-group",
                  fmt::format("for {:.1f} s the group was stable with: {}",
                              std::chrono::duration<double>(generation.until - generation.seen).count(),
                              to_string(wanted)),
                  fmt::format("your timeline says: {}", to_string(last))}};
  }
}

void DemonstrationCheck::expect_handled_match(const std::vector<ClaimedEntry>& claims) {
  std::multiset<Place> claimed;
  ClaimedOwnership ownership;
  for (const auto& entry : claims) {
    ownership.add(entry);
    if (entry.what != "handled") continue;
    if (entry.partitions.size() != 1) {
      throw Failed{{"handled-not-in-the-timeline", "an entry for each record, with its one partition",
                    fmt::format("an entry of {} with {} partitions", entry.worker, entry.partitions.size())}};
    }
    const Place place{.source = entry.partitions.front(), .offset = entry.offset};
    claimed.insert(place);
    if (ownership.owns(entry.worker, place.source)) continue;
    // A partition that belongs to nobody while it is read: the claims forgot it. One that belongs to somebody
    // else, when all the claims were true: the name is wrong.
    throw Failed{{ownership.owned_by_anybody(place.source) ? "handled-not-in-the-timeline"
                                                           : "claims-differ-from-the-group",
                  "every record is handled by the worker that owns its partition then",
                  fmt::format("{} handled {}, which it does not own at that moment by your own timeline",
                              entry.worker, to_string(place))}};
  }
  if (claimed == handled_) return;
  for (const auto& place : handled_) {
    if (claimed.count(place) < handled_.count(place)) {
      throw Failed{{"handled-not-in-the-timeline",
                    fmt::format("{} is in the timeline as often as it was handled: {}", to_string(place),
                                handled_.count(place)),
                    fmt::format("it is there {} times", claimed.count(place))}};
    }
  }
  throw Failed{{"handled-not-in-the-timeline", fmt::format("{} entries of records handled", handled_.size()),
                fmt::format("{} entries: more than handlers were called", claimed.size())}};
}

void DemonstrationCheck::expect_story(std::size_t workers) {
  // A generation may last a few milliseconds only; the request log misses none.
  std::map<std::int64_t, std::set<std::string>> members;  // by generation: those who took their share
  std::set<std::string> started;
  std::set<std::string> joined;
  std::set<std::string> assigned;
  std::optional<Finding> too_early;
  for (const auto& request : requests().read()) {
    const auto name = request.client_id();
    if (const auto before = worker_before(name);
        started.insert(name).second && before && !too_early && !assigned.contains(*before)) {
      too_early = Finding{
          "workers-not-staggered",
          fmt::format("{} is started when {} has been assigned partitions", name, *before),
          fmt::format("{} was talking to the broker before the group had answered {}", name, *before)};
    }
    if (request.api() == "JOIN_GROUP") joined.insert(name);
    if (request.api() != "SYNC_GROUP" || request.response().value("errorCode", -1) != 0) continue;
    members[request.request().value("generationId", std::int64_t{-1})].insert(name);
    assigned.insert(name);
  }
  for (const auto& name : joined) {
    if (worker_number(name)) continue;
    throw Failed{{"worker-not-named", "the workers' clients are named worker-1, worker-2, and so on",
                  fmt::format("a client named {} joined the group", name)}};
  }
  if (too_early) throw Failed{*too_early};
  std::set<std::size_t> sizes;
  bool left = false;
  for (const auto& [generation, names] : members) {
    timeline().add("group", "generation", {{"generation", generation}, {"members", names}});
    sizes.insert(names.size());
    left = left || (sizes.contains(workers) && !names.contains("worker-1"));
  }
  for (std::size_t size = 1; size <= workers; ++size) {
    if (sizes.contains(size)) continue;
    throw Failed{{"workers-not-staggered",
                  fmt::format("generations of 1, 2, … {} workers, one after the other", workers),
                  fmt::format("no generation of {}", size)}};
  }
  if (!left) {
    throw Failed{{"nobody-left", "worker-1 leaves while records are left, and the others go on without it",
                  "no generation without worker-1 after all had joined"}};
  }
}

}  // namespace grader
