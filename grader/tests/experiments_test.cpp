// Every experiment, against real brokers, under two settings: where the settings differ in what matters, so
// does what is observed. What exactly that is, is not written down here either.

#include "predictions/experiments.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <thread>

#include "harness/broker_cluster.hpp"
#include "predictions/question.hpp"
#include "predictions/scene.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using grader::Observation;
using grader::Place;
using grader::Scene;
using Values = std::map<std::string, std::string>;

struct Change {
  const char* question;
  Values one;
  Values other;
};

std::ostream& operator<<(std::ostream& out, const Change& change) {
  return out << change.question;
}

/// A broker, and for those that need them three, for as long as the tests run.
class ExperimentsTest : public ::testing::TestWithParam<Change> {
 protected:
  static void SetUpTestSuite() {
    paths_ = grader::Paths::of_this_checkout();
    paths_.state = fs::temp_directory_path() / ("experiments-test-" + std::to_string(getpid()));
    fs::create_directories(paths_.state);
  }

  static void TearDownTestSuite() {
    grader::stop_broker(paths_.state / "broker");
    grader::stop_cluster(paths_.state / "cluster");
    fs::remove_all(paths_.state);
  }

  static Place one_broker() {
    return {.client = {{"bootstrap.servers",
                        grader::start_broker(paths_, paths_.state / "broker").learner_address()}}};
  }

  static Place three_brokers() {
    const auto folder = paths_.state / "cluster";
    grader::start_cluster(paths_, folder);
    grader::revive_brokers(folder);
    return grader::place_of(grader::wait_until_whole(folder, 60s), folder);
  }

  /// What the experiment observes with these settings instead of those in the file.
  static Observation observe(const std::string& name, const Values& changed,
                             const std::stop_token& stop = {}) {
    const auto questions = grader::all_questions(paths_.root);
    const auto question = std::ranges::find(questions, name, &grader::Question::name);
    const auto experiments = grader::all_experiments();
    const auto experiment = std::ranges::find(experiments, name, &grader::Experiment::name);
    auto values = question->settings;
    for (const auto& [setting, value] : changed) values[setting] = value;
    const grader::Settings settings(experiment->settings, values, name);
    Scene scene(paths_, experiment->on_cluster ? three_brokers() : one_broker(), stop);
    return experiment->run(scene, settings);
  }

  static std::vector<std::string> topics_of_experiments() {
    grader::Admin admin(one_broker().client);
    auto topics = admin.topics();
    std::erase_if(topics, [](const std::string& topic) { return !topic.starts_with("prediction-"); });
    return topics;
  }

  inline static grader::Paths paths_;
};

const std::array changes{
    Change{"partitions_and_workers", {{"few", "1"}, {"many", "3"}}, {{"few", "1"}, {"many", "1"}}},
    Change{"partitions_and_order", {{"partitions", "3"}}, {{"partitions", "1"}}},
    Change{
        "same_key_two_clients", {{"partitioner", "consistent_random"}}, {{"partitioner", "murmur2_random"}}},
    Change{"keys_that_move", {{"keys", "alice frank user-2"}}, {{"keys", "bob erin user-1"}}},
    Change{"records_without_key", {{"sticky_ms", "5000"}}, {{"sticky_ms", "0"}}},
    Change{"new_group", {{"reset", "earliest"}}, {{"reset", "latest"}}},
    Change{"committed_group", {{"committed", "3"}}, {{"committed", "0"}}},
    Change{"commit_or_handle_first", {{"order", "handle-first"}}, {{"order", "commit-first"}}},
    Change{"automatic_commit", {{"stored", "when-handed-over"}}, {{"stored", "when-handled"}}},
    Change{"two_groups", {{"groups", "one"}}, {{"groups", "two"}}},
    Change{"retention_and_a_slow_reader", {{"segment_minutes", "10"}}, {{"segment_minutes", "120"}}},
    Change{"replay", {{"reader", "stopped"}}, {{"reader", "running"}}},
    Change{"record_in_flight", {{"commit", "on-revoke"}}, {{"commit", "never"}}},
    Change{"revoke_before_assign", {{"assignor", "range"}}, {{"assignor", "cooperative-sticky"}}},
    Change{"six_workers", {{"workers", "6"}}, {{"workers", "4"}}},
    Change{"leaving", {{"membership", "dynamic"}}, {{"membership", "static"}}},
    Change{"partitions_added", {{"reset", "latest"}}, {{"reset", "earliest"}}},
    Change{"aborted_transaction", {{"isolation", "read_committed"}}, {{"isolation", "read_uncommitted"}}},
    Change{"end_offset", {{"aborted", "4"}}, {{"aborted", "0"}}},
    Change{"leader_dies", {{"acks", "1"}}, {{"acks", "all"}}},
    Change{"too_few_replicas", {{"min_insync", "2"}}, {{"min_insync", "1"}}},
};

TEST_P(ExperimentsTest, OtherSettingsOtherOutcome) {
  const auto& [question, one, other] = GetParam();
  const auto first = observe(question, one);
  const auto second = observe(question, other);
  EXPECT_NE(std::pair(first.outcome, first.number), std::pair(second.outcome, second.number));
  EXPECT_EQ(topics_of_experiments(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(All, ExperimentsTest, ::testing::ValuesIn(changes),
                         [](const auto& each) { return std::string(each.param.question); });

TEST_F(ExperimentsTest, NoneIsLeftOut) {
  for (const auto& experiment : grader::all_experiments()) {
    EXPECT_TRUE(std::ranges::any_of(changes, [&](const Change& one) {
      return one.question == experiment.name;
    })) << experiment.name;
  }
}

TEST_F(ExperimentsTest, AnInterruptLeavesNothingBehind) {
  (void)one_broker();
  std::stop_source stop;
  const std::jthread interrupts([&](const std::stop_token& test_is_over) {
    while (!test_is_over.stop_requested() && topics_of_experiments().empty()) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_THROW((void)observe("leaving", {}, stop.get_token()), grader::Interrupted);
  EXPECT_EQ(topics_of_experiments(), std::vector<std::string>{});
}

}  // namespace
