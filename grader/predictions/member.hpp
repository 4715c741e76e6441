#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/broker_process.hpp"
#include "harness/descriptor.hpp"
#include "predictions/experiment.hpp"
#include "predictions/member_plan.hpp"
#include "predictions/scene.hpp"

namespace grader {

/// Something that a member of a group told.
struct MemberNews {
  std::chrono::steady_clock::time_point at;
  std::string kind;  ///< See member_plan.hpp.
  std::vector<int> partitions{};
  std::int64_t offset = -1;
  std::string value{};
};

/// A consumer in a process of its own, so that it can be killed, seen from the experiment. For one thread.
class MemberProcess {
 public:
  /// Starts it. Throws `InfraError` if it can't be started.
  MemberProcess(const Scene& scene, MemberPlan plan);

  [[nodiscard]] const std::string& name() const { return plan_.name; }
  /// All that it has told so far.
  const std::vector<MemberNews>& news();
  /// The `count`-th news of a kind that it has told, if it has.
  std::optional<MemberNews> news_of(const std::string& kind, std::size_t count = 1);
  /// Values of the records that it has handled, in order.
  std::vector<std::string> handled();
  /// Whether it was given `count` partitions or more and still has them.
  bool owns(std::size_t count);

  /// Lets it go on from where its plan holds it.
  void release();
  /// Asks it to close its consumer and end; `wait_for_end` waits.
  void ask_to_close();
  void wait_for_end();
  /// kill -9, and waits for the end.
  void kill();

 private:
  void receive();

  const Scene& scene_;
  MemberPlan plan_;
  Descriptor line_;
  std::optional<Child> process_;
  std::vector<MemberNews> news_;
};

/// The news of all members that are worth showing, in the order of time; what belongs together in one line.
std::vector<Moment> timeline_of(const Scene& scene, const std::vector<MemberProcess*>& members);

}  // namespace grader
