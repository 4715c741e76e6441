// Where a program of exactly once is held, what has to be true there, and how it ends.

#include <fmt/format.h>

#include <utility>

#include "checks/framework/process_check.hpp"

namespace grader {

using namespace std::chrono_literals;
using course::Record;

ConsumerRun::Hold ProcessCheck::at(const Place& place) {
  return [place](const nlohmann::json& question) {
    return is_hook(question) && place_from_json(question) == place;
  };
}

ConsumerRun::Hold ProcessCheck::first_record() {
  return [held = false](const nlohmann::json& question) mutable {
    return is_poll(question) && question.contains("records") && !std::exchange(held, true);
  };
}

ConsumerRun::Hold ProcessCheck::at_every_step() {
  return [](const nlohmann::json& question) {
    const std::string call = question.value("call", "");
    return is_hook(question) || is_commit(question) || call.ends_with("_transaction");
  };
}

void ProcessCheck::expect_together_at_every_step(ConsumerRun& run, const Consuming& consuming,
                                                 const std::vector<Record>& records) {
  const auto seeded = places_of(records);
  const auto wanted = next_offsets(seeded);
  auto deadline = soon();
  while (Clock::now() < deadline && committed(consuming.group) != wanted) {
    const auto question = run.wait_for_question(Clock::now() + 200ms);
    if (!question) {
      if (run.learner().ended()) explain(run, {});
      continue;
    }
    const auto& body = question->body;
    const auto moment = is_hook(body)
                            ? "while the receipt of " + to_string(place_from_json(body)) + " is made"
                            : body.value("when", "") + " " + body.value("call", "");
    try {
      expect_both_or_neither(consuming.group, records, moment);
    } catch (Failed& failed) {
      run.stop_holding();  // what makes up for it, too late, shows the cause
      run.wait_until_handled(seeded, Clock::now() + 3s);
      run.wait_until_idle(1, Clock::now() + 2s);
      failed.finding = with_cause(std::move(failed.finding), consuming.group);
      throw;
    }
    if (const auto open = uncommitted(committed(consuming.group), run.handled());
        open > consuming.commit_every) {
      throw Failed{{"transaction-too-large",
                    fmt::format("a transaction takes {} records at most", consuming.commit_every),
                    fmt::format("{}: {} handled records were not committed", moment, open)}};
    }
    run.let_go(*question);
    deadline = soon();
  }
  run.stop_holding();
}

nlohmann::json ProcessCheck::expect_throws(ConsumerRun& run, const Finding& otherwise) {
  if (!run.learner().ended_by(soon())) throw Failed{otherwise};
  const auto threw = run.learner().said("threw");
  if (!threw.empty()) return threw.front();
  if (!run.learner().said("returned").empty()) throw Failed{otherwise};
  explain(run, otherwise);
}

void ProcessCheck::expect_fenced(ConsumerRun& run) {
  const std::string expected = "the one whose place was taken ends with course::Fenced";
  const auto threw =
      expect_throws(run, {"not-fenced", expected, "10 s later it had not ended with an error"});
  if (!run.learner().said("fenced").empty()) return;
  throw Failed{{"not-fenced", expected, "it threw something else: " + threw.value("text", "")}};
}

}  // namespace grader
