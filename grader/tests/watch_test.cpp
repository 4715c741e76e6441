// The preloaded library tells what the program calls, once, and holds it where the check wants.

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/run.hpp"

namespace {

using namespace std::chrono_literals;
using grader::Clock;
using nlohmann::json;

class Watch : public ::testing::Test {
 protected:
  Watch() { std::filesystem::create_directories(folder_); }
  ~Watch() override { std::filesystem::remove_all(folder_); }

  grader::ProgramSpec probe() {
    return {.executable = WATCH_PROBE,
            .environment = {{"LD_PRELOAD", WATCH_LIBRARY}},
            .folder = folder_,
            .confinement = {.launcher = grader::Paths::of_this_checkout().build / "bin/course-launch"}};
  }

  /// "before rd_kafka_commit", in order.
  static std::vector<std::string> said(const std::vector<json>& messages) {
    std::vector<std::string> list;
    for (const auto& message : messages)
      list.push_back(message.value("when", "") + ' ' + message.value("call", ""));
    return list;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("watch-test-" + std::to_string(getpid()));
};

TEST_F(Watch, ReportsEachCallOnceAndHoldsAndSettles) {
  const auto policy = [](const json& question) -> std::optional<json> {
    if (question["call"] == "rd_kafka_commit_message" && question["when"] == "after") return std::nullopt;
    const bool settle =
        question.value("async", false) && question["when"] == "after" && !question.contains("settled");
    return json{{"do", settle ? "settle" : "go"}};
  };
  grader::Run run(probe(), policy, {});
  auto& conversation = run.conversation();
  const auto is_held = [](const auto&, const auto& held) { return held.size() == 1; };
  ASSERT_TRUE(conversation.wait_until(is_held, Clock::now() + 30s));
  EXPECT_EQ(said(conversation.messages()).back(), "after rd_kafka_commit_message");
  EXPECT_TRUE(run.running());
  conversation.answer(conversation.held().front(), {{"do", "go"}});
  const auto ended = run.wait(Clock::now() + 30s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 0) << run.standard_error();
  conversation.wait_until([](const auto&, const auto&) { return false; }, Clock::now() + 5s);

  const auto messages = conversation.messages();
  const auto calls = said(messages);
  const auto count = [&](const char* call) { return std::ranges::count(calls, call); };
  EXPECT_EQ(count("before rd_kafka_new"), 3);
  EXPECT_EQ(count("after rd_kafka_producev"), 3);
  EXPECT_EQ(count("before rd_kafka_commit_message"), 1);
  EXPECT_EQ(count("before rd_kafka_commit"), 2) << "commit_message's own call of commit doesn't count";
  EXPECT_EQ(count("before rd_kafka_assign"), 2)
      << "made by the program's callback, once in poll and once in close";
  EXPECT_EQ(count("after rd_kafka_consumer_close"), 1);
  EXPECT_EQ(count("after rd_kafka_destroy"), 2);
  const auto marked = [&](const char* field) {
    return std::ranges::count_if(messages, [&](const json& one) { return one.contains(field); });
  };
  EXPECT_EQ(marked("records"), 3);
  EXPECT_EQ(marked("empty"), 3) << "further empty polls are kept quiet about";
  EXPECT_EQ(marked("settled"), 1);

  const auto find = [&](const char* call) {
    const auto found =
        std::ranges::find_if(messages, [&](const json& one) { return one.value("call", "") == call; });
    return found == messages.end() ? json::object() : *found;
  };
  EXPECT_EQ(find("rd_kafka_subscribe")["topics"][0]["topic"], "t");
  EXPECT_EQ(find("rd_kafka_commit_message")["message"],
            (json{{"topic", "t"}, {"partition", 0}, {"offset", 0}}));
  EXPECT_EQ(find("rd_kafka_commit")["offsets"], json(nullptr)) << "whatever is stored";
  EXPECT_EQ(find("rd_kafka_producev")["partition"], 0);
  const auto consumer =
      std::ranges::find_if(messages, [](const json& one) { return one.value("type", "") == "consumer"; });
  ASSERT_NE(consumer, messages.end());
  EXPECT_EQ((*consumer)["config"]["enable.auto.commit"], "false");
}

TEST_F(Watch, WithoutACheckNothingChanges) {
  for (const std::string line :
       {"exec 3>&-; unset COURSE_REPORT_FD", "exec 3</dev/null # the check is gone"}) {
    auto spec = probe();
    spec.executable = "/bin/bash";
    spec.arguments = {"-c", line + "\nexec '" WATCH_PROBE "' alone"};
    grader::Run run(std::move(spec), {}, {});
    const auto ended = run.wait(Clock::now() + 30s);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->exit_code, 0) << run.standard_error();
    EXPECT_EQ(run.standard_output() + run.standard_error(), "");
  }
}

}  // namespace
