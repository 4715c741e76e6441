#include "checks/framework/worker_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "checks/framework/ending.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;
using course::Record;
using course::TopicPartition;

/// A rebalance with range takes milliseconds, a cooperative one several rounds.
constexpr auto settling_patience = 20s;

std::vector<TopicPartition> all_partitions(const std::string& topic, int partitions) {
  std::vector<TopicPartition> all;
  for (std::int32_t i = 0; i < partitions; ++i) all.push_back({.topic = topic, .partition = i});
  return all;
}

std::string numbers(const std::vector<TopicPartition>& partitions) {
  std::string text;
  for (const auto& one : partitions) text += fmt::format("{}{}", text.empty() ? "" : " ", one.partition);
  return text.empty() ? "nothing" : text;
}

WorkerCheck::Ownership ownership_of(const Group& group) {
  WorkerCheck::Ownership owners;
  for (const auto& member : group.members) {
    auto& owned = owners[member.client_id];
    owned.insert(owned.end(), member.partitions.begin(), member.partitions.end());
    std::ranges::sort(owned);
  }
  return owners;
}

/// Stable, the members are exactly these, every partition has one owner, and so many members own nothing.
bool shared_by(const Group& group, const std::vector<Worker*>& workers,
               const std::vector<TopicPartition>& wanted, std::size_t idle) {
  if (group.state != "Stable" || group.members.size() != workers.size()) return false;
  std::vector<TopicPartition> owned;
  std::set<std::string> names;
  std::size_t without = 0;
  for (const auto& member : group.members) {
    owned.insert(owned.end(), member.partitions.begin(), member.partitions.end());
    names.insert(member.client_id);
    without += member.partitions.empty() ? 1 : 0;
  }
  std::ranges::sort(owned);
  const bool known =
      std::ranges::all_of(workers, [&](const Worker* worker) { return names.contains(worker->name); });
  return owned == wanted && known && names.size() == workers.size() && without == idle;
}

/// Why the group did not come to rest as expected.
Finding unsettled(const Group& group, const std::vector<Worker*>& workers, const std::string& expected) {
  const std::string observed = fmt::format("{} with {} member(s), {}", group.state, group.members.size(),
                                           to_string(ownership_of(group)));
  std::set<std::string> names;
  for (const auto& member : group.members) names.insert(member.client_id);
  const bool unnamed =
      group.members.size() == workers.size() &&
      std::ranges::any_of(workers, [&](const Worker* worker) { return !names.contains(worker->name); });
  if (unnamed) return {"worker-not-named", expected, observed + "; a worker's name is its client.id"};
  if (group.members.empty()) return {"not-a-member", expected, observed};
  if (group.members.size() < workers.size()) return {"members-missing", expected, observed};
  if (group.members.size() > workers.size()) return {"ghost-member", expected, observed};
  return {"group-does-not-settle", expected, observed};
}

/// Brings `owned` up to date with what an observer was told, if the message is about that.
void note_ownership(const nlohmann::json& message, std::set<TopicPartition>& owned) {
  const std::string kind = message.value("kind", "");
  if (kind != "assigned" && kind != "revoked" && kind != "lost") return;
  for (const auto& one : message.at("partitions")) {
    const TopicPartition partition{.topic = one.at("topic"), .partition = one.at("partition")};
    if (kind == "assigned") {
      owned.insert(partition);
    } else {
      owned.erase(partition);
    }
  }
}

}  // namespace

std::unique_ptr<ConsumerRun> WorkerCheck::consume(const Consuming& consuming) {
  return std::move(start_worker("worker-" + random_text(4), consuming).run);
}

Worker WorkerCheck::start_worker(const std::string& name, const Consuming& consuming) {
  course::ClientConfig settings{{"auto.commit.interval.ms", "20"},
                                {"fetch.wait.max.ms", "100"},
                                {"heartbeat.interval.ms", "100"},
                                {"partition.assignment.strategy", "range"}};
  for (const auto& [key, value] : consuming.settings) settings[key] = value;
  return {.name = name, .run = start_consumer("worker", {"--name", name}, consuming, settings)};
}

void WorkerCheck::watch(const std::string& group) {
  watch_ = std::make_unique<GroupWatch>(admin(), group, [this, group](const Group& described) {
    auto fields = to_json(described);
    fields["group"] = group;
    timeline().add("group", "changed", fields);
  });
}

WorkerCheck::Ownership WorkerCheck::expect_settled(const std::vector<Worker*>& workers,
                                                   const std::string& topic, int partitions) {
  return expect_settled_with_idle(workers, topic, partitions, 0);
}

WorkerCheck::Ownership WorkerCheck::expect_settled_with_idle(const std::vector<Worker*>& workers,
                                                             const std::string& topic, int partitions,
                                                             std::size_t idle) {
  const auto wanted = all_partitions(topic, partitions);
  const auto deadline = Clock::now() + settling_patience;
  while (Clock::now() < deadline) {
    // In slices, so that a worker that has died is noticed at once.
    const auto settled =
        watch_->wait_until([&](const Group& group) { return shared_by(group, workers, wanted, idle); },
                           std::min(deadline, Clock::now() + 200ms));
    if (settled) return ownership_of(*settled);
    for (auto* worker : workers) {
      if (worker->run->learner().ended()) explain(*worker->run, {});
    }
  }
  throw Failed{unsettled(
      watch_->last(), workers,
      fmt::format("a stable group of {} workers that share {} partitions", workers.size(), partitions))};
}

void WorkerCheck::expect_all_handled(const std::vector<Worker*>& workers,
                                     const std::vector<Record>& records) {
  const auto wanted = places_of(records);
  const auto missing = [&] {
    Places left = wanted;
    for (const auto* worker : workers) {
      for (const auto& place : worker->run->handled()) left.erase(place);
    }
    return left;
  };
  const auto deadline = soon();
  auto left = missing();
  while (!left.empty() && Clock::now() < deadline) {
    auto& run = *workers.front()->run;
    run.learner().conversation().wait_until([&](const auto&, const auto&) { return missing().empty(); },
                                            std::min(deadline, Clock::now() + 50ms));
    for (auto* worker : workers) {
      if (worker->run->learner().ended()) explain(*worker->run, {});
    }
    left = missing();
  }
  if (left.empty()) return;
  const auto owners = ownership_of(watch_->last());
  throw Failed{{"record-not-handled",
                fmt::format("the workers together handle all {} records", wanted.size()),
                fmt::format("{} of them were not handled within {} s, {} among them; the group says {}",
                            left.size(), patience.count(), to_string(*left.begin()), to_string(owners))}};
}

void WorkerCheck::expect_no_repeats(const std::vector<Worker*>& workers, std::size_t tolerated) {
  std::map<Place, std::string> first;
  std::vector<std::pair<Place, std::string>> again;
  for (const auto* worker : workers) {
    const auto handled = worker->run->handled();
    for (const auto& [place, unused] : worker->run->handler_calls()) {
      if (!handled.contains(place)) continue;
      const auto [known, is_new] = first.try_emplace(place, worker->name);
      if (!is_new) again.emplace_back(place, fmt::format("{} and {}", known->second, worker->name));
    }
  }
  if (again.size() <= tolerated) return;
  expect_no_commit_goes_back();
  throw Failed{
      {"repeated-after-handover",
       tolerated == 0
           ? "no record is handled twice: what was handled is committed before the partition changes hands"
           : fmt::format("at most {} records are handled twice", tolerated),
       fmt::format("{} record(s) were handled twice, {} by {}", again.size(), to_string(again.front().first),
                   again.front().second)}};
}

void WorkerCheck::expect_no_commit_goes_back() {
  if (!cluster().request_log) return;
  std::map<TopicPartition, std::pair<std::int64_t, std::string>> last;  // offset and whose
  for (const auto& request : requests().read()) {
    if (request.api() != "OFFSET_COMMIT") continue;
    for (const auto& topic : request.request().value("topics", nlohmann::json::array())) {
      for (const auto& one : topic.value("partitions", nlohmann::json::array())) {
        const TopicPartition source{.topic = topic.value("name", ""),
                                    .partition = one.value("partitionIndex", -1)};
        const auto offset = one.value("committedOffset", std::int64_t{-1});
        const auto [before, is_new] = last.try_emplace(source, offset, request.client_id());
        if (!is_new && offset < before->second.first) {
          throw Failed{{"committed-backwards",
                        "the committed offset of a partition only grows, whoever owns it",
                        fmt::format("{} committed {} in partition {}, and after that {} committed {}",
                                    before->second.second, before->second.first, source.partition,
                                    request.client_id(), offset)}};
        }
        before->second = {offset, request.client_id()};
      }
    }
  }
}

void WorkerCheck::expect_committed_before_told(Worker& worker) {
  std::set<TopicPartition> uncommitted;
  for (const auto& message : worker.run->learner().conversation().messages()) {
    if (is_hook(message)) uncommitted.insert(place_from_json(message).source);
    if (is_commit(message) && message.value("when", "") == "after" && !message.contains("error"))
      uncommitted.clear();
    if (message.value("kind", "") != "revoked") continue;
    for (const auto& one : message.at("partitions")) {
      const TopicPartition partition{.topic = one.at("topic"), .partition = one.at("partition")};
      if (!uncommitted.contains(partition)) continue;
      throw Failed{
          {"told-before-committing",
           fmt::format("when {}'s observer hears that partition {} is revoked, what was handled of it "
                       "has been committed",
                       worker.name, partition.partition),
           "no commit had been answered since its last record was handled"}};
    }
  }
}

void WorkerCheck::expect_handled_by_owner(const std::vector<Worker*>& workers, const Ownership& owners,
                                          const std::vector<Record>& records) {
  for (const auto* worker : workers) {
    const auto found = owners.find(worker->name);
    const auto handled = worker->run->handled();
    for (const auto& record : records) {
      if (!handled.contains(place_of(record))) continue;
      if (found != owners.end() && std::ranges::binary_search(found->second, record.source)) continue;
      throw Failed{{"handled-without-owning", "every record is handled by the worker that owns its partition",
                    fmt::format("{} handled {}, but the group says {}", worker->name,
                                to_string(place_of(record)), to_string(owners))}};
    }
  }
}

std::vector<TopicPartition> observed_ownership(const std::vector<nlohmann::json>& messages) {
  std::set<TopicPartition> owned;
  for (const auto& message : messages) note_ownership(message, owned);
  return {owned.begin(), owned.end()};
}

void WorkerCheck::expect_observers_agree(const std::vector<Worker*>& workers, const Ownership& owners) {
  for (auto* worker : workers) {
    auto& conversation = worker->run->learner().conversation();
    // The coordinator knows a moment before the worker does.
    const auto wanted =
        owners.contains(worker->name) ? owners.at(worker->name) : std::vector<TopicPartition>{};
    conversation.wait_until(
        [&](const auto& messages, const auto&) { return observed_ownership(messages) == wanted; }, soon());
    std::set<TopicPartition> owned;
    std::set<TopicPartition> ever_owned;
    for (const auto& message : conversation.messages()) {
      note_ownership(message, owned);
      ever_owned.insert(owned.begin(), owned.end());
      if (!is_hook(message) || owned.contains(place_from_json(message).source)) continue;
      const auto place = place_from_json(message);
      if (ever_owned.contains(place.source)) {
        throw Failed{{"handled-without-owning",
                      "once a partition has been taken away, its records are left to the next owner",
                      fmt::format("{} handled {} after its observer had been told that partition {} is gone",
                                  worker->name, to_string(place), place.source.partition)}};
      }
      throw Failed{{"observer-not-told",
                    "the observer hears of an assignment before a record of it is handled",
                    fmt::format("{} handled {} while its observer had been told of {}", worker->name,
                                to_string(place_from_json(message)), numbers({owned.begin(), owned.end()}))}};
    }
    if (const std::vector<TopicPartition> told(owned.begin(), owned.end()); told != wanted) {
      throw Failed{
          {"observer-not-told",
           fmt::format("{}'s observer is told what the group gives it: {}", worker->name, numbers(wanted)),
           fmt::format("what it was told adds up to {}", numbers(told))}};
    }
  }
}

void WorkerCheck::expect_all_stop(const std::vector<Worker*>& workers, const std::string& group) {
  for (auto* worker : workers) {
    // One after the other, each in a stable group: librdkafka 2.0.2 has trouble with leaving a group
    // in the middle of a rebalance (confluentinc/librdkafka#4059, #4187), which is not the learner's.
    watch_->wait_until([](const Group& now) { return now.state == "Stable" || now.state == "Empty"; },
                       soon());
    expect_stops(*worker->run);
  }
  expect_left(group);
}

void WorkerCheck::kill_worker(Worker& worker, const std::string& group) {
  worker.run->learner().kill();
  remove_members(group, worker.name);
}

std::string to_string(const WorkerCheck::Ownership& ownership) {
  std::string text;
  for (const auto& [name, partitions] : ownership) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, numbers(partitions));
  }
  return text.empty() ? "nobody owns anything" : text;
}

}  // namespace grader
