#include "checks/framework/crash_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <thread>

#include "checks/framework/consumer_findings.hpp"
#include "evidence/coordinator.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

using course::Record;

/// How many points are tried side by side: most of their time is waiting.
constexpr std::size_t side_by_side = 4;
/// How many points of a kind are tried until one is reached.
constexpr std::size_t attempts = 3;

}  // namespace

void CrashCheck::explore(const Consuming& consuming, const std::vector<Record>& records) {
  step(fmt::format("a first run over {} records shows where your program can be killed", records.size()));
  const auto points = list_points(consuming, records);
  const auto choices = choose(points);
  step(fmt::format("it is killed at {} of {} points, each time in a group of its own, and started again",
                   choices.size(), points.size()));

  std::vector<std::string> groups;
  for (std::size_t i = 0; i < choices.size(); ++i) groups.push_back(new_name("group"));
  std::vector<Outcome> outcomes(choices.size());
  std::atomic<std::size_t> next = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(side_by_side, choices.size()); ++i) {
      threads.emplace_back([&] {
        for (std::size_t mine = next++; mine < choices.size(); mine = next++) {
          auto given = consuming;
          given.group = groups[mine];
          outcomes[mine] = try_one_of(choices[mine], std::move(given), records);
        }
      });
    }
  }
  step("nothing is lost, and never more is repeated than was uncommitted");
  std::size_t reached = 0;
  for (const auto& outcome : outcomes) {
    if (outcome.error) std::rethrow_exception(outcome.error);
    if (outcome.finding) throw Failed{*outcome.finding};
    reached += outcome.reached ? 1U : 0U;
  }
  if (reached == 0) throw InfraError("the program did not come by any of the points of its first run again");
  if (reached < outcomes.size())
    step(fmt::format("{} point(s) were not come by again, and say nothing", outcomes.size() - reached));
}

std::vector<CrashPoint> CrashCheck::list_points(Consuming consuming, const std::vector<Record>& records) {
  consuming.group = new_name("group");
  const auto run = consume(consuming);
  expect_handled(*run, records);
  run->wait_until_polling_or_held(Clock::now() + std::chrono::seconds(2));
  expect_stops(*run);
  commits_in_the_end_ = std::ranges::any_of(run->calls(), is_commit);
  PointReader reader;
  std::vector<CrashPoint> points;
  for (const auto& message : run->learner().conversation().messages()) {
    if (!message.value("ask", false)) continue;
    if (auto point = reader.read(message)) points.push_back(std::move(*point));
  }
  return points;
}

std::vector<std::vector<CrashPoint>> CrashCheck::choose(std::vector<CrashPoint> points) {
  std::vector<std::vector<CrashPoint>> choices;
  if (thorough()) {
    for (auto& point : points) choices.push_back({std::move(point)});
    return choices;
  }
  std::ranges::shuffle(points, random());
  std::map<std::string, std::vector<CrashPoint>> kinds;
  for (auto& point : points) {
    auto& kind = kinds[kind_of(point)];
    if (kind.size() < attempts) kind.push_back(std::move(point));
  }
  for (auto& [unused, kind] : kinds) choices.push_back(std::move(kind));
  return choices;
}

CrashCheck::Outcome CrashCheck::try_one_of(const std::vector<CrashPoint>& points, Consuming consuming,
                                           const std::vector<Record>& records) {
  Outcome outcome;
  const std::string group = consuming.group;
  for (std::size_t i = 0; i < points.size() && !outcome.reached && !outcome.error; ++i) {
    consuming.group = i == 0 ? group : fmt::format("{}-{}", group, i);
    outcome = crash_at(points[i], consuming, records);
  }
  return outcome;
}

std::optional<std::pair<std::unique_ptr<ConsumerRun>, Question>> CrashCheck::run_up_to(
    const CrashPoint& point, Consuming consuming, const std::vector<Record>& records) {
  consuming.hold = [reader = std::make_shared<PointReader>(), point](const nlohmann::json& question) {
    return reader->read(question) == point;
  };
  auto run = consume(consuming);
  const auto deadline = soon();
  if (run->wait_until_handled_or_held(places_of(records), deadline) &&
      run->wait_until_polling_or_held(deadline)) {
    run->learner().interrupt();  // the points that are left come with the end
  }
  const auto question = run->wait_for_question(deadline);
  timeline().add("check", question ? "held" : "point-not-reached",
                 {{"run", run->learner().name()}, {"point", to_string(point)}});
  if (question) return std::pair(std::move(run), *question);
  if (!run->learner().ended()) run->learner().kill();
  return std::nullopt;
}

CrashCheck::Outcome CrashCheck::crash_at(const CrashPoint& point, Consuming consuming,
                                         const std::vector<Record>& records) {
  Outcome outcome{.point = point};
  try {
    const auto seeded = places_of(records);
    const auto held = run_up_to(point, consuming, records);
    if (!held) return outcome;
    const auto& [run, question] = *held;
    outcome.reached = true;
    const bool may_be_automatic = point.call == "handler" && (thorough() || run->commits_automatically());
    const auto at_the_point =
        may_be_automatic ? committed_after_timer(*run, consuming.group, seeded) : committed(consuming.group);
    const auto handled = run->handled();
    kill_and_remove(*run, consuming.group);
    const auto offsets = committed(consuming.group);
    const std::string moment = "killed " + moment_of(*run, question.body);
    for (const auto& seen : {at_the_point, offsets}) {
      if (const auto skipped = committed_ahead(seen, seeded, handled))
        throw Failed{ahead_finding(*run, *skipped, seen, moment)};
    }
    if (uncommitted(offsets, handled) > consuming.commit_every) {
      auto finding = lag_finding(*run, offsets, handled, consuming.commit_every, moment);
      if (finding.diagnosis == "never-commits" && commits_in_the_end_)
        finding.diagnosis = "commits-too-rarely";
      throw Failed{finding};
    }
    expect_successor_goes_on(consuming, records, offsets, moment);
  } catch (const Failed& failed) {
    outcome.finding = failed.finding;
  } catch (...) {
    outcome.error = std::current_exception();
  }
  return outcome;
}

void CrashCheck::kill_and_remove(ConsumerRun& run, const std::string& group) {
  run.learner().kill();
  remove_members(group);
}

void CrashCheck::remove_members(const std::string& group, const std::optional<std::string>& client_id) {
  const auto described = describe(group);
  const auto coordinator =
      coordinator_address(described.coordinator_host, described.coordinator_port, cluster().admin);
  for (const auto& member : described.members) {
    if (client_id && member.client_id != *client_id) continue;
    remove_member(coordinator, group, member.member_id);
    timeline().add("group", "member-removed", {{"group", group}, {"member", member.member_id}});
  }
}

void CrashCheck::expect_successor_goes_on(const Consuming& consuming, const std::vector<Record>& records,
                                          const Offsets& from, const std::string& moment) {
  if (from == next_offsets(places_of(records))) return;  // nothing is left to do
  const auto successor = consume(consuming);
  try {
    expect_handled(*successor, records, from);
  } catch (Failed& failed) {
    failed.finding.observed = fmt::format("{}, and started again: {}", moment, failed.finding.observed);
    throw;
  }
  kill_and_remove(*successor, consuming.group);
}

}  // namespace grader
