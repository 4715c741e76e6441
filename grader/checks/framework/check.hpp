#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "answers/answer_set.hpp"
#include "checks/framework/learner.hpp"
#include "evidence/admin.hpp"
#include "evidence/cluster.hpp"
#include "evidence/request_log.hpp"
#include "harness/command.hpp"
#include "report/timeline.hpp"
#include "report/verdict.hpp"

namespace grader {

/// Thrown by a check that has found something wrong. `finding.diagnosis` is a name from diagnoses.toml.
struct Failed {
  Finding finding;
};

/// Thrown when the check can't tell, through no fault of the learner's code or of the machine.
struct NotJudged {
  Status status;  ///< not_implemented, does_not_compile, blocked_by or not_judged
  std::string detail;
};

/// One check of one exercise: a GoogleTest test whose body is a list of steps.
///
/// A check works on names of its own (topics and groups begin with `prefix()`), as a user of the broker
/// who may touch nothing else; what it learns goes into a timeline; it concludes from that. It leaves
/// nothing behind. The framework turns what the body throws into a verdict, written to
/// $COURSE_RESULTS/EXERCISE/CHECK/verdict.json.
class Check : public ::testing::Test {
 public:
  /// What the macros below know of a check.
  struct About {
    std::string exercise;
    std::string name;
    std::string part;  ///< "core" or "edge"
    std::string title;
  };
  void set_about(About about) { about_ = std::move(about); }

 protected:
  virtual void body() = 0;
  /// Ends what the body left running besides programs, such as an observer with a thread.
  virtual void end_observation() {}

  /// Says what is done or expected next; shown to the learner in this order.
  void step(std::string what);

  // What the body works with.
  [[nodiscard]] const std::string& exercise() const { return about_.exercise; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  std::mt19937& random() { return random_; }
  Timeline& timeline() { return *timeline_; }
  Admin& admin() { return *admin_; }
  [[nodiscard]] const Cluster& cluster() const { return cluster_; }
  /// What the broker logged of this check's programs; throws `NotJudged` where there is no such log.
  RequestLog& requests();

  /// A new topic of this check.
  std::string new_topic(int partitions, const Admin::TopicSettings& settings = {});
  /// Says that a topic of a name made by `new_name` exists by now, so that it is deleted in the end.
  void topic_exists(const std::string& name) { topics_.push_back(name); }
  /// A topic of a name made by `new_name`.
  void create_topic(const std::string& name, int partitions, const Admin::TopicSettings& settings = {});
  /// A new name for a group (which comes to be when somebody joins) or for a topic that is created later.
  std::string new_name(const std::string& what);
  /// Letters and digits, different in each run.
  std::string random_text(std::size_t length);

  /// Address and login for a program under grading, as `-X name=value` options on top of `settings`.
  [[nodiscard]] std::vector<std::string> client_options(const course::ClientConfig& settings = {}) const;
  /// The same as a config, for the check's own clients that shall count as the learner's.
  [[nodiscard]] course::ClientConfig client_config() const;
  /// Starts a program of the answers under grading.
  std::unique_ptr<Learner> start(const std::string& program, std::vector<std::string> options,
                                 Learner::Setup setup = {});

 private:
  void TestBody() final;
  Verdict judge();
  Verdict with_reference(Verdict failed);
  void prepare();
  /// What a program failed to do while its broker died is not its fault.
  [[nodiscard]] bool broker_is_gone() const;
  void require_answer();
  void become_a_user_of_the_broker();
  void clean_up() noexcept;
  void publish(const Verdict& verdict) const;

  About about_;
  Paths paths_ = Paths::of_this_checkout();
  CourseTable course_;
  std::string answers_;  ///< The set under grading.
  std::filesystem::path verdict_folder_;
  std::filesystem::path folder_;         ///< For what this check leaves as evidence.
  std::filesystem::path broker_folder_;  ///< The state of the broker.
  std::string seed_;
  std::mt19937 random_;
  std::string prefix_;
  Cluster cluster_;
  Confinement confinement_;
  std::optional<Principal> principal_;
  std::optional<FileLock> principal_lock_;
  std::vector<FileLock> alone_;  ///< Of the evidence, when it is no grade that runs this check.
  std::unique_ptr<Timeline> timeline_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<RequestLog> requests_;
  std::vector<std::string> topics_;
  std::vector<std::string> groups_;
  ProgramClock program_clock_;
  std::vector<std::string> steps_;
  int names_ = 0;
  int programs_ = 0;
  /// Whether the exercise that this one stands on is replaced by the reference.
  bool on_reference_ = false;
};

/// Registers a check with GoogleTest under its part, so that `core.NAME` or `edge.NAME` runs it.
/// The exercise is the name of the source file.
template <typename T>
bool register_check(const char* file, int line, const char* part, const char* name, const char* title) {
  const std::string exercise = std::filesystem::path(file).stem().string();
  ::testing::RegisterTest(part, name, nullptr, nullptr, file, line, [=]() -> Check* {
    auto* check = new T;  // NOLINT(cppcoreguidelines-owning-memory): GoogleTest owns and deletes it
    check->set_about({.exercise = exercise, .name = name, .part = part, .title = title});
    return check;
  });
  return true;
}

// CORE_CHECK(Base, name, "what it wants") { steps }  - the idea of the exercise
// EDGE_CHECK(Base, name, "what it wants") { steps }  - what production teaches
// NOLINTBEGIN(bugprone-macro-parentheses): names of classes can't be put in parentheses
#define COURSE_CHECK(Base, part, check_name, title)                                     \
  namespace {                                                                           \
  class check_name : public Base {                                                      \
    void body() override;                                                               \
  };                                                                                    \
  const bool registered_##check_name =                                                  \
      grader::register_check<check_name>(__FILE__, __LINE__, part, #check_name, title); \
  }                                                                                     \
  void check_name::body()
#define CORE_CHECK(Base, check_name, title) COURSE_CHECK(Base, "core", check_name, title)
#define EDGE_CHECK(Base, check_name, title) COURSE_CHECK(Base, "edge", check_name, title)
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace grader
