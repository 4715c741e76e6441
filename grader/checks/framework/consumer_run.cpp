#include "checks/framework/consumer_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checks/framework/check.hpp"

namespace grader {
namespace {

const nlohmann::json go{{"do", "go"}};

/// So often nobody repeats a record in one run who does not do so for ever.
constexpr int endless = 100;

}  // namespace

ConsumerRun::ConsumerRun(Hold hold, bool settle_commits) {
  state_->hold = std::move(hold);
  state_->settle_commits = settle_commits;
}

Learner::Setup ConsumerRun::setup() {
  Learner::Setup setup;
  setup.watched = true;
  setup.policy = [state = state_](const nlohmann::json& question) { return decide(*state, question); };
  return setup;
}

std::optional<nlohmann::json> ConsumerRun::decide(State& state, const nlohmann::json& question) {
  const std::lock_guard lock(state.mutex);
  if (is_hook(question)) {
    const auto place = place_from_json(question);
    state.handler_calls.push_back({.place = place, .hash = question.value("hash", "")});
    if (++state.times[place] >= endless) {
      state.endless = place;
      ++state.holding;
      return std::nullopt;
    }
  } else if (state.settle_commits && is_unsettled_commit(question)) {
    return nlohmann::json{{"do", "settle"}};
  }
  if (state.hold && state.hold(question)) {
    ++state.holding;
    return std::nullopt;
  }
  if (is_hook(question)) state.handled.insert(place_from_json(question));
  return go;
}

void ConsumerRun::expect_no_endless_repeats() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->endless) return;
  throw Failed{{"handled-twice", "a record is handled once in a run, and then the next one",
                fmt::format("{} was handled {} times in one run", to_string(*state_->endless), endless)}};
}

std::vector<HandlerCall> ConsumerRun::handler_calls() const {
  expect_no_endless_repeats();
  const std::lock_guard lock(state_->mutex);
  return state_->handler_calls;
}

Places ConsumerRun::handled() const {
  expect_no_endless_repeats();
  const std::lock_guard lock(state_->mutex);
  return state_->handled;
}

std::optional<Question> ConsumerRun::wait_for_question(Clock::time_point deadline) {
  auto& conversation = learner_->conversation();
  conversation.wait_until([](const auto&, const auto& held) { return !held.empty(); }, deadline);
  expect_no_endless_repeats();
  auto held = conversation.held();
  return held.empty() ? std::nullopt : std::optional(std::move(held.front()));
}

void ConsumerRun::let_go(const Question& question) {
  if (is_hook(question.body)) {
    const std::lock_guard lock(state_->mutex);
    state_->handled.insert(place_from_json(question.body));
  }
  answer(question, go);
}

void ConsumerRun::let_fail(const Question& question) {
  answer(question, {{"do", "throw"}});
}

void ConsumerRun::answer(const Question& question, const nlohmann::json& answer) {
  {
    const std::lock_guard lock(state_->mutex);
    --state_->holding;
  }
  learner_->conversation().answer(question, answer);
}

void ConsumerRun::stop_holding() {
  std::size_t holding = 0;
  {
    const std::lock_guard lock(state_->mutex);
    state_->hold = nullptr;
    holding = state_->holding;
  }
  // What was decided to be held may still be on its way to the list of what is held.
  learner_->conversation().wait_until([&](const auto&, const auto& held) { return held.size() >= holding; },
                                      Clock::now() + std::chrono::seconds(1));
  for (const auto& question : learner_->conversation().held()) let_go(question);
}

bool ConsumerRun::wait_until_handled(const Places& wanted, Clock::time_point deadline) {
  const bool all = learner_->conversation().wait_until(
      [&](const auto&, const auto&) { return has_handled(wanted); }, deadline);
  expect_no_endless_repeats();
  return all;
}

bool ConsumerRun::wait_until_handled_or_held(const Places& wanted, Clock::time_point deadline) {
  learner_->conversation().wait_until(
      [&](const auto&, const auto& held) { return !held.empty() || has_handled(wanted); }, deadline);
  expect_no_endless_repeats();
  return learner_->conversation().held().empty() && has_handled(wanted);
}

bool ConsumerRun::wait_until_polling_or_held(Clock::time_point deadline) {
  const auto polls = [](const std::vector<nlohmann::json>& messages) {
    // Polls that bring nothing are reported a few times after the first.
    const auto last = std::ranges::find_if(
        messages.rbegin(), messages.rend(),
        [](const nlohmann::json& message) { return !(is_poll(message) && message.value("empty", false)); });
    return last != messages.rend() && is_poll(*last) && last->value("when", "") == "before";
  };
  auto& conversation = learner_->conversation();
  conversation.wait_until(
      [&](const auto& messages, const auto& held) { return !held.empty() || polls(messages); }, deadline);
  expect_no_endless_repeats();
  return conversation.held().empty() && polls(conversation.messages());
}

bool ConsumerRun::wait_until_idle(int polls, Clock::time_point deadline) {
  const bool idle = learner_->conversation().wait_until(
      [&](const std::vector<nlohmann::json>& messages, const auto&) {
        const auto handled = std::ranges::find_if(messages.rbegin(), messages.rend(), is_hook);
        return std::count_if(messages.rbegin(), handled,
                             [](const auto& message) { return message.value("empty", false); }) >= polls;
      },
      deadline);
  expect_no_endless_repeats();
  return idle;
}

bool ConsumerRun::has_handled(const Places& wanted) const {
  const std::lock_guard lock(state_->mutex);
  return std::ranges::includes(state_->handled, wanted);
}

bool ConsumerRun::commits_automatically() {
  bool seen = false;
  for (const auto& call : calls()) {
    if (call.value("call", "") != "rd_kafka_new" || call.value("type", "") != "consumer") continue;
    seen = true;
    if (call["config"].value("enable.auto.commit", "true") != "false") return true;
  }
  return !seen;
}

bool is_hook(const nlohmann::json& message) {
  return message.value("kind", "") == "hook";
}

bool is_poll(const nlohmann::json& call) {
  const std::string name = call.value("call", "");
  return name == "rd_kafka_consumer_poll" || name == "rd_kafka_queue_poll" ||
         name.starts_with("rd_kafka_event_message_") ||
         (name.starts_with("rd_kafka_consume") && !name.starts_with("rd_kafka_consumer_"));
}

bool is_commit(const nlohmann::json& call) {
  const std::string name = call.value("call", "");
  return name == "rd_kafka_commit" || name == "rd_kafka_commit_message" || name == "rd_kafka_commit_queue";
}

bool is_unsettled_commit(const nlohmann::json& call) {
  return is_commit(call) && call.value("async", false) && call.value("when", "") == "after" &&
         !call.value("settled", false) && !call.contains("error");
}

}  // namespace grader
