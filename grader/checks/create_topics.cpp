// Phase 1 is a worked example: this check shows that everything is in place, and how a check reads.

#include <fmt/format.h>

#include "checks/framework/check.hpp"
#include "checks/framework/ending.hpp"

namespace grader {
namespace {

class CreateTopics : public Check {
 protected:
  void run_setup(const std::string& topic, int partitions) {
    auto options = client_options();
    options.emplace_back("--topic");
    options.push_back(fmt::format("{}:{}", topic, partitions));
    learner_ = start("setup", std::move(options));
  }

  void expect_partitions(const std::string& topic, int partitions) {
    const auto found = admin().partition_count(topic);
    timeline().add("topics", "described", {{"topic", topic}, {"partitions", found.value_or(0)}});
    if (!found) throw Failed{{"topic-missing", "the topic " + topic, "the broker knows no such topic"}};
    if (*found != partitions) {
      throw Failed{{"partition-count", fmt::format("{} partitions", partitions),
                    fmt::format("{} partitions", *found)}};
    }
  }

  std::unique_ptr<Learner> learner_;
};

}  // namespace

CORE_CHECK(CreateTopics, topics_come_to_be,
           "topics are created as wanted, and a second run changes nothing") {
  step("the program is asked for a topic with 3 partitions");
  const auto topic = new_name("events");
  run_setup(topic, 3);
  expect_ends_well(*learner_, std::chrono::seconds(15), exercise());
  topic_exists(topic);
  step("the broker has it");
  expect_partitions(topic, 3);
  step("a second run finds it there, and says so");
  run_setup(topic, 3);
  expect_ends_well(*learner_, std::chrono::seconds(15), exercise());
  expect_partitions(topic, 3);
}

EDGE_CHECK(CreateTopics, a_difference_is_reported,
           "a topic with another number of partitions is reported, not hidden") {
  step("a topic with 2 partitions exists");
  const auto topic = new_topic(2);
  step("the program is asked for it with 3");
  run_setup(topic, 3);
  const auto ended = learner_->ended_by(Clock::now() + std::chrono::seconds(15));
  if (!ended) throw Failed{{"does-not-return", "the program ends", "it was still running"}};
  step("it says so and ends with exit code 1; the topic is as it was");
  if (ended->exit_code != 1) {
    throw Failed{
        {"partition-count", "exit code 1", fmt::format("exit code {}", ended->exit_code.value_or(-1))}};
  }
  expect_partitions(topic, 2);
}

}  // namespace grader
