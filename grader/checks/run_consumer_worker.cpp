// What run_consumer_worker promises (phases/4-groups/run_consumer_worker.hpp): the coordinator says who
// owns what, the handler's hook who handled what, the committed offsets what a successor would do.

#include <fmt/format.h>

#include "checks/framework/ending.hpp"
#include "checks/framework/places.hpp"
#include "checks/framework/worker_check.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;
using course::Record;

class RunConsumerWorker : public WorkerCheck {
 protected:
  static std::vector<Record> of_partition(const std::vector<Record>& records, std::int32_t partition) {
    std::vector<Record> found;
    for (const auto& record : records) {
      if (record.source.partition == partition) found.push_back(record);
    }
    return found;
  }

  /// Holds the handler at this record, whichever worker gets it.
  static ConsumerRun::Hold at(const Record& record) {
    return [place = place_of(record)](const nlohmann::json& question) {
      return is_hook(question) && place_from_json(question) == place;
    };
  }

  /// Waits until the worker is held where the check wants it.
  Question expect_held(ConsumerRun& run) {
    if (auto question = run.wait_for_question(soon())) return *question;
    explain(run, {"nothing-handled", "the handler is called", "it was not, within 10 s"});
  }

  /// Holds once: before a poll when records of both partitions were taken that have not reached the handler,
  /// else at `record`.
  static ConsumerRun::Hold with_records_in_hand(const Record& record) {
    struct Seen {
      Places in_hand;
      bool held = false;
    };
    return [seen = std::make_shared<Seen>(), place = place_of(record)](const nlohmann::json& question) {
      const bool hook = is_hook(question);
      if (hook) seen->in_hand.erase(place_from_json(question));
      for (const auto& taken : question.value("records", nlohmann::json::array()))
        seen->in_hand.insert(place_from_json(taken));
      const bool polls_on = is_poll(question) && question.value("when", "") == "before";
      const bool here = (polls_on && next_offsets(seen->in_hand).size() > 1) ||
                        (hook && place_from_json(question) == place);
      const bool hold = here && !seen->held;
      seen->held = seen->held || here;
      return hold;
    };
  }

  /// Waits until the group has answered a heartbeat of the worker with "a rebalance has begun".
  void wait_until_told_of_a_rebalance(const std::string& name) {
    constexpr int rebalance_in_progress = 27;
    requests().wait_for(
        [&](const Request& request) {
          return request.api() == "HEARTBEAT" && request.client_id() == name &&
                 request.response().value("errorCode", 0) == rebalance_in_progress;
        },
        soon());
  }

  /// Waits until the coordinator no longer counts the worker as a member.
  void expect_gone(const std::string& name) {
    const auto gone = group_watch().wait_until(
        [&](const Group& group) {
          return std::ranges::find(group.members, name, &Member::client_id) == group.members.end();
        },
        soon());
    if (gone) return;
    throw Failed{{"poll-interval-not-respected",
                  "a worker that does not poll for max.poll.interval.ms is no member any more",
                  "the coordinator still counts it as one after 10 s"}};
  }

  void expect_committed_soon(const std::string& group, const std::vector<Record>& records) {
    const auto wanted = next_offsets(places_of(records));
    const auto deadline = soon();
    auto now = committed(group);
    while (now != wanted && Clock::now() < deadline) now = admin().committed(group);
    if (now == wanted) return;
    const bool back = std::ranges::any_of(
        wanted, [&](const auto& one) { return now.contains(one.first) && now.at(one.first) < one.second; });
    throw Failed{{back ? "committed-backwards" : "not-committed", "committed: " + to_string(wanted, wanted),
                  "committed: " + to_string(now, wanted)}};
  }

  /// The observer heard of a loss, not of a revocation in good order.
  void expect_lost(Worker& worker) {
    const auto heard = [](const std::vector<nlohmann::json>& messages, const std::string& what) {
      return std::ranges::any_of(messages,
                                 [&](const auto& message) { return message.value("kind", "") == what; });
    };
    auto& conversation = worker.run->learner().conversation();
    conversation.wait_until(
        [&](const auto& messages, const auto&) {
          return heard(messages, "lost") || heard(messages, "revoked");
        },
        soon());
    if (heard(conversation.messages(), "lost")) return;
    const bool revoked = heard(conversation.messages(), "revoked");
    throw Failed{{"loss-not-noticed", "the observer is told that the partition is lost",
                  revoked ? "it was told that it is revoked in good order" : "it was told nothing"}};
  }

  void expect_revoked_only(Worker& worker, const std::vector<course::TopicPartition>& partitions) {
    for (const auto& message : worker.run->learner().said("revoked")) {
      for (const auto& one : message.at("partitions")) {
        const course::TopicPartition taken{.topic = one.at("topic"), .partition = one.at("partition")};
        if (std::ranges::find(partitions, taken) != partitions.end()) continue;
        throw Failed{{"revoked-too-much", "only partitions that get another owner are taken away",
                      fmt::format("{}'s observer was told that partition {} is revoked, which it still owns",
                                  worker.name, taken.partition)}};
      }
    }
  }
};

}  // namespace

CORE_CHECK(RunConsumerWorker, workers_share_the_partitions,
           "three workers share four partitions: each has one owner, all records are handled once") {
  const auto topic = new_topic(4);
  const Consuming consuming{.topics = {topic}, .group = new_name("group")};
  watch(consuming.group);
  step("three workers start, one after the other, in one group");
  auto one = start_worker("worker-1", consuming);
  expect_settled({&one}, topic, 4);
  auto two = start_worker("worker-2", consuming);
  expect_settled({&one, &two}, topic, 4);
  auto three = start_worker("worker-3", consuming);
  const auto owners = expect_settled({&one, &two, &three}, topic, 4);
  step("the group is stable: every partition has exactly one owner (" + to_string(owners) + ")");
  const auto records = seed(topic, 4, 6);
  step("24 records are written: each is handled once, by the owner of its partition");
  expect_all_handled({&one, &two, &three}, records);
  expect_no_repeats({&one, &two, &three}, 0);
  expect_handled_by_owner({&one, &two, &three}, owners, records);
  step("what the observers were told is what the group says");
  expect_observers_agree({&one, &two, &three}, owners);
  step("stopped one after the other, they leave the group with everything committed");
  expect_all_stop({&one, &two, &three}, consuming.group);
  expect_committed(*one.run, consuming.group, records);
}

CORE_CHECK(RunConsumerWorker, hands_over_without_repeats,
           "what was handled is committed before a partition changes hands") {
  const auto topic = new_topic(2);
  const auto early = seed(topic, 2, 3);
  const Consuming consuming{.topics = {topic}, .group = new_name("group"), .commit_every = 100};
  watch(consuming.group);
  step("a worker that commits every 100 records handles six");
  auto one = start_worker("worker-1", consuming);
  expect_all_handled({&one}, early);
  step("a second worker joins: a partition is revoked from the first one");
  auto two = start_worker("worker-2", consuming);
  const auto owners = expect_settled({&one, &two}, topic, 2);
  step("more records are written; those handled before the handover are not handled again");
  const auto late = seed(topic, 2, 3);
  expect_all_handled({&one, &two}, late);
  expect_no_repeats({&one, &two}, 0);
  expect_observers_agree({&one, &two}, owners);
  step("its observer heard of the revocation when everything was committed");
  expect_committed_before_told(one);
  step("the second one leaves: the first takes its partition back, and repeats nothing either");
  expect_stops(*two.run);
  expect_settled({&one}, topic, 2);
  const auto last = seed(topic, 2, 2);
  expect_all_handled({&one}, last);
  expect_no_repeats({&one, &two}, 0);
  expect_all_stop({&one}, consuming.group);
  expect_committed(*one.run, consuming.group, last);
}

CORE_CHECK(RunConsumerWorker, survivors_take_over,
           "when a worker is killed the others take over: nothing is lost, little is repeated") {
  const auto topic = new_topic(3);
  const Consuming consuming{.topics = {topic}, .group = new_name("group"), .commit_every = 2};
  watch(consuming.group);
  step("two workers share three partitions");
  auto one = start_worker("worker-1", consuming);
  expect_settled({&one}, topic, 3);
  auto two = start_worker("worker-2", consuming);
  const auto owners = expect_settled({&one, &two}, topic, 3);
  const auto records = seed(topic, 3, 5);
  expect_all_handled({&one, &two}, records);
  step("the first one is killed (kill -9), and the group gives up on it");
  kill_worker(one, consuming.group);
  expect_settled({&two}, topic, 3);
  step("more records are written: the other one handles all of them");
  const auto late = seed(topic, 3, 4);
  expect_all_handled({&two}, late);
  step("it repeats at most what the killed one had not committed: two records");
  expect_no_repeats({&one, &two}, 2);
  expect_all_stop({&two}, consuming.group);
  expect_committed(*two.run, consuming.group, late);
}

CORE_CHECK(RunConsumerWorker, at_least_once_at_every_crash,
           "wherever a worker dies, its successor loses nothing and repeats at most commit_every records") {
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 4);
  explore({.topics = {topic}, .group = "group", .commit_every = 3}, records);
}

EDGE_CHECK(RunConsumerWorker, cooperative_moves_only_what_must,
           "with a cooperative assignor, only what changes hands is taken from its owner") {
  const auto topic = new_topic(4);
  const Consuming consuming{.topics = {topic},
                            .group = new_name("group"),
                            .commit_every = 100,
                            .settings = {{"partition.assignment.strategy", "cooperative-sticky"}}};
  watch(consuming.group);
  step("a worker with the cooperative-sticky assignor owns four partitions and handles eight records");
  auto one = start_worker("worker-1", consuming);
  const auto alone = expect_settled({&one}, topic, 4);
  const auto early = seed(topic, 4, 2);
  expect_all_handled({&one}, early);
  expect_observers_agree({&one}, alone);
  step("a second worker joins and gets two of them");
  auto two = start_worker("worker-2", consuming);
  const auto owners = expect_settled({&one, &two}, topic, 4);
  expect_observers_agree({&one, &two}, owners);
  step("the first one gave up these two, and no other");
  expect_revoked_only(one, owners.at("worker-2"));
  step("what it keeps it reads on; records of one of its partitions stay as they were");
  std::vector<Seed> seeds;
  for (const auto& moved : owners.at("worker-2"))
    seeds.push_back({.partition = moved.partition, .event = {.key = "late", .value = random_text(8)}});
  seeds.push_back({.partition = owners.at("worker-1").front().partition,
                   .event = {.key = "late", .value = random_text(8)}});
  const auto late = seed(topic, seeds);
  expect_all_handled({&one, &two}, late);
  expect_handled_by_owner({&one, &two}, owners, late);
  step("the first one leaves: the second takes over everything, and repeats nothing");
  expect_stops(*one.run);
  expect_settled({&two}, topic, 4);
  const auto last = seed(topic, 4, 1);
  expect_all_handled({&two}, last);
  expect_no_repeats({&one, &two}, 0);
  expect_all_stop({&two}, consuming.group);
  expect_committed(*two.run, consuming.group, last);
}

EDGE_CHECK(RunConsumerWorker, gives_up_what_is_revoked,
           "records that wait in a worker when their partition is revoked are left to its next owner") {
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 31);  // whatever a worker takes at a time, something is left over
  Consuming consuming{.topics = {topic},
                      .group = new_name("group"),
                      .commit_every = 100,
                      .settings = {{"max.partition.fetch.bytes", "1"}}};  // the partitions take turns
  watch(consuming.group);
  step("a worker has 62 records before it, and is held where it has taken some and not handled them");
  consuming.hold = with_records_in_hand(records[4]);
  auto one = start_worker("worker-1", consuming);
  const auto question = expect_held(*one.run);
  step("a second worker joins: the group wants a partition back from the first");
  consuming.hold = nullptr;
  auto two = start_worker("worker-2", consuming);
  wait_until_told_of_a_rebalance("worker-1");
  step("the first one goes on, gives a partition up, and handles no more of it");
  one.run->let_go(question);
  const auto owners = expect_settled({&one, &two}, topic, 2);
  expect_all_handled({&one, &two}, records);
  expect_observers_agree({&one, &two}, owners);
  expect_no_repeats({&one, &two}, 0);
  expect_all_stop({&one, &two}, consuming.group);
  expect_committed(*one.run, consuming.group, records);
}

EDGE_CHECK(RunConsumerWorker, a_surplus_worker_waits, "a worker without partitions waits for some") {
  const auto topic = new_topic(1);
  const Consuming consuming{.topics = {topic}, .group = new_name("group")};
  watch(consuming.group);
  step("two workers for one partition: one of them has nothing to do");
  auto one = start_worker("worker-1", consuming);
  expect_settled({&one}, topic, 1);
  auto two = start_worker("worker-2", consuming);
  const auto owners = expect_settled_with_idle({&one, &two}, topic, 1, 1);
  const bool first_is_busy = !owners.at("worker-1").empty();
  Worker& busy = first_is_busy ? one : two;
  Worker& idle = first_is_busy ? two : one;
  const auto early = seed(topic, 1, 3);
  expect_all_handled({&busy}, early);
  step("the busy one leaves: the other takes over");
  expect_stops(*busy.run);
  expect_settled({&idle}, topic, 1);
  const auto late = seed(topic, 1, 3);
  expect_all_handled({&idle}, late);
  expect_no_repeats({&one, &two}, 0);
  expect_all_stop({&idle}, consuming.group);
  expect_committed(*idle.run, consuming.group, late);
}

EDGE_CHECK(
    RunConsumerWorker, a_stalled_worker_has_lost_its_partitions,
    "a worker that stalled too long has lost its partitions: it commits nothing for them, and joins again") {
  const auto topic = new_topic(1);
  const auto records = seed(topic, 1, 4);
  Consuming consuming{.topics = {topic},
                      .group = new_name("group"),
                      .commit_every = 1,
                      .settings = {{"max.poll.interval.ms", "1000"}, {"session.timeout.ms", "1000"}}};
  watch(consuming.group);
  step("a worker stalls in its handler, at the second record");
  consuming.hold = at(records[1]);
  auto stalled = start_worker("stalled", consuming);
  const auto question = expect_held(*stalled.run);
  step("max.poll.interval.ms passes: the group gives up on it, and another worker gets the partition");
  expect_gone("stalled");
  consuming.hold = nullptr;
  auto other = start_worker("other", consuming);
  expect_settled({&other}, topic, 1);
  step("the other one handles what was not committed, and commits all of it");
  expect_all_handled({&other}, {records[1], records[2], records[3]});
  expect_committed_soon(consuming.group, records);
  step("the stalled one wakes up: its observer hears that the partition is lost, and it joins again");
  stalled.run->let_go(question);
  expect_settled_with_idle({&stalled, &other}, topic, 1, 1);
  expect_lost(stalled);
  step("it has not moved the committed offset back");
  expect_committed_soon(consuming.group, records);
  expect_all_stop({&stalled, &other}, consuming.group);
  expect_committed(*other.run, consuming.group, records);
}

EDGE_CHECK(
    RunConsumerWorker, a_failing_handler_ends_the_worker,
    "when the handler throws, what was handled before is committed, the rest is not, and the group is left") {
  const auto topic = new_topic(1);
  const auto records = seed(topic, 1, 5);
  step("the handler of a worker that commits every 100 records fails at the fourth");
  step(
      "the exception reaches the caller; the first three are committed, the fourth is not, the group is "
      "left");
  expect_failure_ends_it({.topics = {topic}, .group = new_name("group"), .commit_every = 100}, records,
                         place_of(records[3]));
}

}  // namespace grader
