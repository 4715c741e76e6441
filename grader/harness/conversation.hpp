#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "harness/descriptor.hpp"

namespace grader {

using Clock = std::chrono::steady_clock;

/// A question that a program under grading asked, and for whose answer one of its threads waits.
struct Question {
  int connection = -1;  ///< Identifies the waiting thread within its conversation.
  nlohmann::json body;
};

/// The grader's end of the private line to one program (`course::ReportChannel` is the other).
///
/// A thread of its own reads what the program's threads say, in the order of their clocks, so that
/// nobody is held up by a busy check. Whatever the program says is a claim until it is checked.
class Conversation {
 public:
  /// Decides about a question at once: an answer lets the program's thread go on, nothing holds it
  /// until `answer()`. Called on the reading thread; must not call back into the conversation.
  using Policy = std::function<std::optional<nlohmann::json>(const nlohmann::json& question)>;
  /// Hears every message, on the reading thread.
  using Listener = std::function<void(const nlohmann::json& message)>;

  Conversation(Policy policy, Listener listener);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// The end that the program inherits; `close_program_end()` after it was started, so that the
  /// grader notices when the program is gone.
  [[nodiscard]] int program_end() const { return program_end_.get(); }
  void close_program_end() { program_end_.reset(); }

  /// Everything said so far.
  [[nodiscard]] std::vector<nlohmann::json> messages() const;
  /// The questions that wait for an answer.
  [[nodiscard]] std::vector<Question> held() const;

  /// Whether the program has closed its line: it has ended, or is just about to.
  [[nodiscard]] bool ended() const;

  /// Waits until `holds(messages, held)` is true; false when `deadline` passed first or the program
  /// has gone without making it true.
  using Predicate = std::function<bool(const std::vector<nlohmann::json>&, const std::vector<Question>&)>;
  bool wait_until(const Predicate& holds, Clock::time_point deadline) const;

  /// Lets a held thread go on.
  void answer(const Question& question, const nlohmann::json& answer);

 private:
  void read(const std::stop_token& stop);
  void receive_connections();
  void drain();
  void handle(int connection, nlohmann::json message);
  void send_answer(int connection, const nlohmann::json& answer);

  Policy policy_;
  Listener listener_;
  Descriptor program_end_;
  Descriptor grader_end_;
  Descriptor wake_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Descriptor> connections_;  // used by the reading thread; an index is a connection's name
  std::vector<nlohmann::json> messages_;
  std::vector<Question> held_;
  std::size_t heard_ = 0;  // bytes, used by the reading thread
  bool ended_ = false;
  std::jthread reader_;
};

}  // namespace grader
