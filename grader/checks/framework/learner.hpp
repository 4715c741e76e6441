#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "checks/framework/program_clock.hpp"
#include "harness/run.hpp"
#include "report/timeline.hpp"

namespace grader {

/// A program of the learner's, as a check sees it: started with options, observed through its hook and
/// its claims, stopped politely or killed. Everything it says goes into the timeline.
class Learner {
 public:
  struct Setup {
    std::string input{};            ///< For its stdin.
    Conversation::Policy policy{};  ///< Decides about its questions; without one, each may go on at once.
    std::map<std::string, std::string> environment{};
    Limits limits{};
    bool watched = false;  ///< Its calls into librdkafka are reported (grader/watch).
  };

  Learner(ProgramSpec spec, Setup setup, Timeline& timeline, ProgramClock& clock);
  ~Learner();
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  Run& run() { return *run_; }
  Conversation& conversation() { return run_->conversation(); }
  [[nodiscard]] const std::string& name() const { return name_; }

  /// Everything of one kind that it said so far: "hook", "delivery", "assigned", …
  [[nodiscard]] std::vector<nlohmann::json> said(const std::string& kind);

  /// Ctrl+C.
  void interrupt() { run_->signal(SIGINT); }
  /// kill -9, from outside; returns when it is gone.
  void kill();
  /// How it ended; nothing if it still runs at `deadline`.
  std::optional<Ended> ended_by(Clock::time_point deadline);
  /// How it ended, if it has. One that has closed its line is waited for: it is on its way out.
  std::optional<Ended> ended();
  /// What it wrote to stderr, shortened for a message.
  [[nodiscard]] std::string last_words() const;

  [[nodiscard]] Clock::time_point started_at() const { return run_->started_at(); }

 private:
  void note_end(const Ended& ended);

  std::string name_;
  Timeline& timeline_;
  ProgramClock& clock_;
  std::unique_ptr<Run> run_;
  bool end_noted_ = false;
};

}  // namespace grader
