// The harness runs programs it does not trust: what must hold of processes, limits and the private line.

#include "harness/run.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/report_channel.hpp"

namespace {

using namespace std::chrono_literals;
using grader::Clock;
using grader::Conversation;
using grader::ProgramSpec;

class RunTest : public ::testing::Test {
 public:
  RunTest() { std::filesystem::create_directories(folder_); }
  ~RunTest() override { std::filesystem::remove_all(folder_); }

 protected:
  ProgramSpec shell(const std::string& script) {
    return {.executable = "/bin/bash",
            .arguments = {"-c", script},
            .environment = {{"PATH", "/usr/bin:/bin"}},
            .folder = folder_,
            .confinement = {.launcher = grader::Paths::of_this_checkout().build / "bin/course-launch"}};
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("run-test-" + std::to_string(getpid()));
};

TEST_F(RunTest, TellsExitCodeOutputAndInput) {
  auto spec = shell("cat; echo oops >&2; exit 7");
  spec.input = "hello";
  grader::Run program(std::move(spec), {}, {});
  const auto ended = program.wait(Clock::now() + 5s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 7);
  EXPECT_EQ(program.standard_output(), "hello");
  EXPECT_EQ(program.standard_error(), "oops\n");
}

TEST_F(RunTest, KillsTheWholeGroup) {
  grader::Run program(shell("sleep 1000 & echo $!; wait"), {}, {});
  while (program.standard_output().empty()) ASSERT_FALSE(program.wait(Clock::now() + 5ms));
  const pid_t child = std::stoi(program.standard_output());
  EXPECT_EQ(program.kill().signal, SIGKILL);
  // The orphan is reaped by whoever adopts it; what matters is that it no longer runs.
  const auto deadline = Clock::now() + 5s;
  while (kill(child, 0) == 0 && Clock::now() < deadline) {
    std::ifstream status("/proc/" + std::to_string(child) + "/stat");
    std::string pid, name, state;
    status >> pid >> name >> state;
    if (state == "Z") break;
  }
  EXPECT_LT(Clock::now(), deadline);
}

TEST_F(RunTest, DescendantsThatLeaveTheGroupDoNotSurvive) {
  grader::Run program(shell("setsid sleep 1000 & echo $!"), {}, {});
  ASSERT_TRUE(program.wait(Clock::now() + 5s));
  EXPECT_NE(kill(std::stoi(program.standard_output()), 0), 0);
}

TEST_F(RunTest, StopsWhatGrowsWithoutBound) {
  auto spec = shell("x=$(head -c 300000000 /dev/zero | tr '\\0' x); sleep 1000");
  spec.limits.memory_bytes = 100U << 20U;
  grader::Run program(std::move(spec), {}, {});
  const auto ended = program.wait(Clock::now() + 20s);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->over_memory);
}

TEST_F(RunTest, StopsEndlessOutput) {
  auto spec = shell("yes");
  spec.limits.file_bytes = 1U << 20U;
  grader::Run program(std::move(spec), {}, {});
  ASSERT_TRUE(program.wait(Clock::now() + 10s));
  EXPECT_LE(program.standard_output().size(), 1U << 20U);
}

TEST_F(RunTest, InheritsNothingButWhatIsNamed) {
  grader::Run program(shell("ls /proc/self/fd; env"), {}, {});
  ASSERT_TRUE(program.wait(Clock::now() + 5s));
  EXPECT_EQ(program.standard_output().find("HOME="), std::string::npos);
  EXPECT_EQ(program.standard_output().substr(0, 10), "0\n1\n2\n3\n4\n")
      << "4 is ls's own: " << program.standard_output();
}

TEST(Conversation, HoldsAndReleasesThreadsOneByOne) {
  Conversation grader([](const nlohmann::json&) { return std::nullopt; }, {});
  setenv("COURSE_REPORT_FD", std::to_string(grader.program_end()).c_str(), 1);
  const auto channel = course::ReportChannel::from_environment();
  unsetenv("COURSE_REPORT_FD");
  std::vector<std::jthread> threads;
  std::atomic<int> gone_on = 0;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      channel->tell({{"kind", "before"}, {"thread", i}});
      EXPECT_EQ(channel->ask({{"kind", "hook"}, {"thread", i}}), nlohmann::json(i));
      ++gone_on;
    });
  }
  ASSERT_TRUE(
      grader.wait_until([](const auto&, const auto& held) { return held.size() == 3; }, Clock::now() + 5s));
  EXPECT_EQ(gone_on, 0);
  EXPECT_EQ(grader.messages().size(), 6U);
  for (const auto& question : grader.held()) grader.answer(question, question.body["thread"]);
  threads.clear();
  EXPECT_EQ(gone_on, 3);
  EXPECT_TRUE(grader.held().empty());
}

TEST(Conversation, HearsNothingThatIsNotAMessage) {
  // A policy that trusts its messages, as those of the checks do.
  Conversation grader([](const nlohmann::json& question) { return question.at("offset"); }, {});
  setenv("COURSE_REPORT_FD", std::to_string(grader.program_end()).c_str(), 1);
  const auto channel = course::ReportChannel::from_environment();
  unsetenv("COURSE_REPORT_FD");
  nlohmann::json deep;
  for (int i = 0; i < 10'000; ++i) deep = nlohmann::json{std::move(deep)};
  channel->tell({{"kind", 7}});
  channel->tell({{"kind", "deep"}, {"text", std::move(deep)}});
  channel->tell({{"kind", "hook"}, {"ask", "yes"}});
  channel->tell({{"kind", "hook"}, {"ask", true}});  // without an offset
  EXPECT_EQ(channel->ask({{"kind", "hook"}, {"offset", 3}}), 3);
  EXPECT_EQ(grader.messages().size(), 1U);
}

TEST(Conversation, StopsListeningToAFlood) {
  Conversation grader({}, {});
  setenv("COURSE_REPORT_FD", std::to_string(grader.program_end()).c_str(), 1);
  const auto channel = course::ReportChannel::from_environment();
  unsetenv("COURSE_REPORT_FD");
  const std::string text(100'000, 'x');
  EXPECT_THROW(
      {
        for (int i = 0; i < 10'000; ++i) channel->tell({{"kind", "x"}, {"text", text}});
      },
      std::runtime_error);
}

}  // namespace
