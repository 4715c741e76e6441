#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "checks/framework/learner.hpp"
#include "checks/framework/places.hpp"

namespace grader {

/// One call of the handler by the program under grading.
struct HandlerCall {
  Place place;
  std::string hash;  ///< Of the record that the handler was given (support/payload_hash.hpp).
};

/// One run of a program that calls a handler: which records it was called with, which of them count as
/// handled, what the program called in librdkafka, and where it is held. Safe to use from any thread.
///
/// A program that calls the handler with the same record a hundred times will never get on: it is held there,
/// and what waits for it throws `Failed`.
class ConsumerRun {
 public:
  /// Whether a question (of kind "hook" or "call") is held until the check answers it.
  using Hold = std::function<bool(const nlohmann::json& question)>;

  /// What a run is started with: `attach` takes the program that was started so.
  explicit ConsumerRun(Hold hold = {}, bool settle_commits = true);
  [[nodiscard]] Learner::Setup setup();
  void attach(std::unique_ptr<Learner> learner) { learner_ = std::move(learner); }

  Learner& learner() { return *learner_; }

  /// Every call of the handler, in order; and the records for which it has returned (or is about to).
  [[nodiscard]] std::vector<HandlerCall> handler_calls() const;
  [[nodiscard]] Places handled() const;

  /// Waits for the program to be held somewhere; nothing if it ended, or if `deadline` passed first.
  std::optional<Question> wait_for_question(Clock::time_point deadline);
  /// Lets a held program go on; if it is held in the handler, the record counts as handled.
  void let_go(const Question& question);
  /// Lets the handler throw.
  void let_fail(const Question& question);
  /// Holds nothing any more, and lets go what is held.
  void stop_holding();

  /// Waits until all of `wanted` are handled. False if the program ended without that, or `deadline` passed.
  bool wait_until_handled(const Places& wanted, Clock::time_point deadline);
  /// The same; false also when the program is held first.
  bool wait_until_handled_or_held(const Places& wanted, Clock::time_point deadline);
  /// Waits until the program polls again after all that it did. False as above.
  bool wait_until_polling_or_held(Clock::time_point deadline);

  /// Waits until `polls` polls in a row (2 at most) brought nothing after the last handled record. False as
  /// above.
  bool wait_until_idle(int polls, Clock::time_point deadline);

  /// The calls into librdkafka that the program has made ("after" messages are results).
  [[nodiscard]] std::vector<nlohmann::json> calls() { return learner_->said("call"); }
  /// Whether a client was made that commits by itself, on a timer. Also true when that was not seen.
  [[nodiscard]] bool commits_automatically();

 private:
  [[nodiscard]] bool has_handled(const Places& wanted) const;
  void expect_no_endless_repeats() const;
  /// Shared with the program's reading thread, which may outlive the members below.
  struct State {
    std::mutex mutex;
    Hold hold;
    bool settle_commits = true;
    std::vector<HandlerCall> handler_calls;
    std::map<Place, int> times;    ///< Each record was handed to the handler.
    std::optional<Place> endless;  ///< The record that comes again and again.
    Places handled;
    std::size_t holding = 0;  ///< Questions that were decided to be held and have not been answered.
  };
  void answer(const Question& question, const nlohmann::json& answer);
  static std::optional<nlohmann::json> decide(State& state, const nlohmann::json& question);

  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::unique_ptr<Learner> learner_;
};

/// Whether a message is the handler's.
bool is_hook(const nlohmann::json& message);
/// Whether a call is one of the ways to poll, or to commit.
bool is_poll(const nlohmann::json& call);
bool is_commit(const nlohmann::json& call);
/// Whether it is the end of a commit that goes on in the background.
bool is_unsettled_commit(const nlohmann::json& call);

}  // namespace grader
