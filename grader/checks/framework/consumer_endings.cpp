// How a consuming program ends, as it should and otherwise.

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "checks/framework/ask_until.hpp"
#include "checks/framework/consumer_check.hpp"
#include "checks/framework/consumer_findings.hpp"
#include "checks/framework/ending.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;
using course::Record;

/// The contract says a second; the rest is for leaving the group on a busy machine.
constexpr auto stop_patience = 2500ms;
/// How much of one processor a waiting program may use: asking every 100 ms takes less than a hundredth.
constexpr double idle_share = 0.15;
/// The last call that has begun and not returned.
std::string where_it_waits(ConsumerRun& run) {
  const auto calls = run.calls();
  const auto last = std::ranges::find_if(
      calls.rbegin(), calls.rend(), [](const nlohmann::json& call) { return !call.value("empty", false); });
  return last != calls.rend() && last->value("when", "") == "before" ? last->value("call", "") : "";
}

/// Whether the program has begun to leave its group since `moment`.
bool leaves_since(ConsumerRun& run, Clock::time_point moment) {
  return std::ranges::any_of(run.calls(), [&](const nlohmann::json& call) {
    const std::string name = call.value("call", "");
    const bool leaving = name.find("close") != std::string::npos ||
                         name.find("destroy") != std::string::npos || name == "rd_kafka_unsubscribe";
    return leaving && call.value("at", std::int64_t{0}) > moment.time_since_epoch() / 1ns;
  });
}

/// Processor time that a running process has used.
std::chrono::nanoseconds processor_time(pid_t pid) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    throw InfraError("the processor time of the program under grading can't be read");
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

void ConsumerCheck::expect_stops(ConsumerRun& run, bool already_asked) {
  const auto asked = Clock::now();
  if (!already_asked) run.learner().interrupt();
  const auto ended = run.learner().ended_by(asked + stop_patience);
  if (ended) {
    if (const auto fault = fault_of(run.learner(), *ended, exercise())) explain(run, *fault);
    return;
  }
  const bool began_to_leave = leaves_since(run, asked);
  const std::string waits_in = where_it_waits(run);
  const auto watched = Clock::now();
  const auto used_before = processor_time(run.learner().run().pid());
  const bool ends_later = run.learner().ended_by(asked + 6s).has_value();
  const std::chrono::duration<double> took = Clock::now() - asked;
  std::string observed =
      fmt::format("{:.1f} s later it was {}", took.count(), ends_later ? "done" : "still running");
  if (!waits_in.empty()) observed += ", in " + waits_in;
  bool busy = false;
  if (!ends_later) {
    const std::chrono::duration<double> used = processor_time(run.learner().run().pid()) - used_before;
    const std::chrono::duration<double> passed = Clock::now() - watched;
    busy = used > passed / 2;
    observed += busy ? fmt::format("; it used the processor for {:.1f} of the last {:.1f} s", used.count(),
                                   passed.count())
                     : "; it hardly used the processor: it waited for something";
  }
  const bool destroys = waits_in.find("destroy") != std::string::npos && !ends_later;
  throw Failed{{destroys                  ? "destroy-hangs"
                : began_to_leave && !busy ? "close-hangs"
                                          : "stop-not-seen",
                "the function returns within a second after stop was requested", observed}};
}

void ConsumerCheck::expect_left(const std::string& group) {
  const auto gone = [](const Group& described) { return described.members.empty(); };
  const auto described = ask_until([&] { return describe(group); }, gone, Clock::now() + 2s);
  if (gone(described)) return;
  throw Failed{{"group-not-left", "when your function has returned, the group has no member left",
                fmt::format("the coordinator still counts your client (client.id {}) as a member, and will "
                            "wait for it until its session times out",
                            described.members.front().client_id)}};
}

void ConsumerCheck::expect_waits_patiently(ConsumerRun& run) {
  run.wait_until_idle(2, Clock::now() + 3s);
  if (run.learner().ended()) explain(run, {});
  const auto started = Clock::now();
  const auto used_before = processor_time(run.learner().run().pid());
  if (run.learner().ended_by(started + 400ms)) explain(run, {});
  const std::chrono::duration<double> used = processor_time(run.learner().run().pid()) - used_before;
  const std::chrono::duration<double> passed = Clock::now() - started;
  if (used < passed * idle_share) return;
  throw Failed{{"spins", "a program that waits for records uses next to no processor time",
                fmt::format("in {:.2f} s without a record it used {:.2f} s", passed.count(), used.count())}};
}

void ConsumerCheck::expect_failure_ends_it(const Consuming& consuming, const std::vector<Record>& records,
                                           const Place& failing) {
  auto given = consuming;
  given.hold = [failing](const nlohmann::json& question) {
    return is_hook(question) && place_from_json(question) == failing;
  };
  const auto run = consume(given);
  const auto question = run->wait_for_question(soon());
  if (!question) {
    expect_handled(*run, records);
    explain(*run, {});
  }
  const auto calls_before = run->handler_calls().size();
  const auto handled = run->handled();
  run->let_fail(*question);

  const std::string place = to_string(failing);
  const auto swallowed = [&](const std::string& observed) {
    return Failed{{"exception-swallowed",
                   "the handler threw at " + place + ": your function gives the exception to its caller",
                   observed}};
  };
  run->learner().conversation().wait_until(
      [&](const auto&, const auto&) { return run->handler_calls().size() > calls_before; },
      Clock::now() + 5s);
  const auto calls = run->handler_calls();
  if (calls.size() > calls_before) {
    throw swallowed(
        fmt::format("it went on, and called the handler with {}", to_string(calls[calls_before].place)));
  }
  const auto ended = run->learner().ended();
  if (!ended) {
    const std::string waits_in = where_it_waits(*run);
    const std::string observed =
        "5 s later it had not returned" + (waits_in.empty() ? "" : "; it waited in " + waits_in);
    if (waits_in.find("destroy") != std::string::npos)
      throw Failed{{"destroy-hangs", "the function returns when the handler has thrown", observed}};
    if (waits_in.find("close") != std::string::npos)
      throw Failed{{"close-hangs", "the function returns when the handler has thrown", observed}};
    throw swallowed(observed);
  }
  const auto fault = fault_of(run->learner(), *ended, exercise());
  if (!fault) throw swallowed("it returned as if nothing had happened");
  if (fault->diagnosis != "threw") throw Failed{*fault};
  if (const auto threw = run->learner().said("threw").front(); !threw.value("of_handler", false)) {
    throw Failed{{"exception-replaced", "the caller gets the very exception that the handler threw",
                  "it got another one: " + threw.value("text", "")}};
  }

  const auto wanted = next_offsets(handled);
  const auto offsets = ask_until([&] { return committed(given.group); },
                                 [&](const Offsets& now) { return now == wanted; }, Clock::now() + 1s);
  const auto failed_partition = offsets.find(failing.source);
  if (failed_partition != offsets.end() && failed_partition->second > failing.offset) {
    throw Failed{
        {"committed-over-a-failure",
         fmt::format("partition {} is committed up to offset {} at most", failing.source.partition,
                     failing.offset),
         fmt::format("committed is {}; nobody will handle {} again", failed_partition->second, place)}};
  }
  if (const auto skipped = committed_ahead(offsets, places_of(records), handled)) {
    throw Failed{ahead_finding(*run, *skipped, offsets, "after the handler threw at " + place)};
  }
  if (offsets != wanted) {
    auto finding = lag_finding(*run, offsets, handled, 0, "after the handler threw");
    if (finding.diagnosis != "offset-off-by-one")
      finding.diagnosis = "handled-before-the-failure-not-committed";
    finding.expected = "committed is what was handled before: " + to_string(wanted, wanted);
    throw Failed{finding};
  }
  expect_left(given.group);
}

void ConsumerCheck::expect_refuses(const Consuming& consuming, const std::string& what) {
  const auto run = consume(consuming);
  run->wait_until_polling_or_held(soon());
  const auto ended = run->learner().ended();
  const std::string expected = what + ": your function throws a std::runtime_error that says so";
  if (!ended) throw Failed{{"config-error-hidden", expected, "it made a client and went on"}};
  const auto fault = fault_of(run->learner(), *ended, exercise());
  if (!fault) throw Failed{{"config-error-hidden", expected, "it returned as if nothing was wrong"}};
  if (fault->diagnosis != "threw") throw Failed{*fault};
  if (run->learner().said("threw").front().value("text", "").empty()) {
    throw Failed{{"config-error-hidden", expected, "it threw, without a word of what is wrong"}};
  }
}

void ConsumerCheck::explain(ConsumerRun& run, Finding otherwise) {
  const auto ended = run.learner().ended();
  if (!ended) throw Failed{std::move(otherwise)};
  if (auto fault = fault_of(run.learner(), *ended, exercise())) {
    if (fault->diagnosis == "threw") {
      fault = Finding{"gave-up-on-an-error", "the function goes on until it is stopped",
                      "it threw: " + run.learner().said("threw").front().value("text", "")};
    }
    throw Failed{*fault};
  }
  throw Failed{{"ended-by-itself", "the function goes on until it is stopped, however few records there are",
                fmt::format("it returned by itself after it had handled {} of them", run.handled().size())}};
}

}  // namespace grader
