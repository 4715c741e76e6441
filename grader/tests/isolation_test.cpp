// Programs under grading are confined in tiers. What must hold in each that this machine has: ends and
// signals are exact, nothing survives, and the higher ones show less.

#include "harness/isolation.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "harness/run.hpp"

namespace {

using namespace std::chrono_literals;
using grader::Clock;
using grader::Tier;

grader::Confinement confinement(Tier highest) {
  setenv("COURSE_ISOLATION", to_string(highest).c_str(), 1);
  const auto found = probe_isolation(grader::Paths::of_this_checkout());
  unsetenv("COURSE_ISOLATION");
  return found;
}

class IsolationTest : public ::testing::TestWithParam<Tier> {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    confinement_ = confinement(GetParam());
    if (confinement_.tier != GetParam())
      GTEST_SKIP() << "this machine does not give " << to_string(GetParam());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] grader::ProgramSpec shell(const std::string& script) const {
    return {.executable = "/bin/bash",
            .arguments = {"-c", script},
            .environment = {{"PATH", "/usr/bin:/bin"}},
            .folder = folder_,
            .confinement = confinement_};
  }

  /// Its stdout, when it has ended well.
  [[nodiscard]] std::string said_by(grader::ProgramSpec spec) const {
    grader::Run run(std::move(spec), {}, {});
    const auto ended = run.wait(Clock::now() + 20s);
    EXPECT_TRUE(ended && ended->exit_code == 0) << run.standard_error();
    return run.standard_output();
  }

  static void wait_for_word(const grader::Run& run, const std::string& word) {
    const auto deadline = Clock::now() + 20s;
    while (run.standard_output().find(word) == std::string::npos && Clock::now() < deadline)
      std::this_thread::sleep_for(2ms);
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("isolation-test-" + std::to_string(getpid()));
  grader::Confinement confinement_;
};

TEST_P(IsolationTest, TellsExitCodesFromSignals) {
  grader::Run exits(shell("exit 137"), {}, {});
  const auto exited = exits.wait(Clock::now() + 20s);
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->exit_code, 137);
  EXPECT_EQ(exited->signal, 0);
  for (const int number : {SIGKILL, SIGABRT, SIGSEGV, SIGTERM}) {
    grader::Run dies(shell("kill -" + std::to_string(number) + " $$"), {}, {});
    const auto died = dies.wait(Clock::now() + 20s);
    ASSERT_TRUE(died);
    EXPECT_FALSE(died->exit_code);
    EXPECT_EQ(died->signal, number);
  }
}

TEST_P(IsolationTest, SignalsReachTheProgramItself) {
  // As it is for whatever a shell starts in the background; a program under grading must not inherit it.
  const auto usual = std::signal(SIGINT, SIG_IGN);
  grader::Run run(shell("trap 'echo interrupted; exit 5' INT; echo ready; while :; do sleep 0.01; done"), {},
                  {});
  std::signal(SIGINT, usual);
  wait_for_word(run, "ready");
  const auto state = [&] {
    std::ifstream status("/proc/" + std::to_string(run.pid()) + "/stat");
    std::string pid, name, letter;
    status >> pid >> name >> letter;
    return letter;
  };
  run.signal(SIGSTOP);
  const auto deadline = Clock::now() + 20s;
  while (state() != "T" && Clock::now() < deadline) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(state(), "T");
  run.signal(SIGCONT);
  run.signal(SIGINT);
  const auto ended = run.wait(Clock::now() + 20s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 5);
}

TEST_P(IsolationTest, KillsAStoppedProgram) {
  grader::Run run(shell("echo ready; sleep 1000"), {}, {});
  wait_for_word(run, "ready");
  run.signal(SIGSTOP);
  EXPECT_EQ(run.kill().signal, SIGKILL);
}

TEST_P(IsolationTest, NothingSurvivesTheProgram) {
  const std::string mark = "1000." + std::to_string(getpid());  // how long it sleeps
  grader::Run run(shell("(setsid bash -c 'trap \"\" TERM; echo up; sleep " + mark +
                        "; :' &); until [ -s /dev/stdout ]; do sleep 0.01; done"),
                  {}, {});
  ASSERT_TRUE(run.wait(Clock::now() + 20s));
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    std::string words;
    std::getline(std::ifstream(process.path() / "cmdline"), words);
    EXPECT_FALSE(words.starts_with("sleep") && words.find(mark) != std::string::npos) << process.path();
  }
}

TEST_P(IsolationTest, StopsAForkBomb) {
  // Root's processes are not limited in number, and this would be the end of the machine.
  if (geteuid() == 0 && !confinement_.another_user) GTEST_SKIP();
  grader::Run run(shell("bomb() { bomb | bomb & bomb; }; bomb"), {}, {});
  EXPECT_TRUE(run.wait(Clock::now() + 20s));
}

TEST_P(IsolationTest, CountsTheMemoryOfChildren) {
  auto spec =
      shell("for i in 1 2 3; do (x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 1000) & done; wait");
  spec.limits.memory_bytes = 150U << 20U;
  grader::Run run(std::move(spec), {}, {});
  const auto ended = run.wait(Clock::now() + 20s);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->over_memory);
}

TEST_P(IsolationTest, RunsAsNobodyElse) {
  const auto id = said_by(shell("id -u"));
  if (confinement_.another_user) {
    EXPECT_EQ(id, std::to_string(grader::user_of_programs()) + '\n');
  }
  if (confinement_.tier < Tier::open_network) return;
  EXPECT_EQ(said_by(shell("grep CapEff /proc/self/status")), "CapEff:\t0000000000000000\n");
}

TEST_P(IsolationTest, ShowsOnlyWhatIsNeeded) {
  if (GetParam() < Tier::open_network) GTEST_SKIP();
  const std::string own = folder_ / "secret";
  std::ofstream(own) << "secret";
  EXPECT_EQ(
      said_by(shell("cat " + own + " 2>/dev/null; ls /proc | grep -c '^[0-9]'; ls / | grep -x home; true")),
      "4\n")
      << "the launcher, bash, ls and grep";
  EXPECT_EQ(said_by(shell("for f in / /usr /etc /dev /home /root; do echo x >$f/course-test 2>/dev/null && "
                          "echo $f; done; true")),
            "");
  auto shown = shell("cat " + own);
  shown.files = {own};
  std::filesystem::permissions(folder_, std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(said_by(std::move(shown)), "secret");
}

TEST_P(IsolationTest, ReachesTheBrokersPortAndNoOther) {
  const auto listener = [](int& port) {
    grader::Descriptor made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(made.get(), generic, size), 0);
    EXPECT_EQ(listen(made.get(), 8), 0);
    getsockname(made.get(), generic, &size);
    port = ntohs(address.sin_port);
    return made;
  };
  int broker = 0;
  int other = 0;
  const auto at_broker = listener(broker);
  const auto at_other = listener(other);
  std::jthread echo([&] {
    const grader::Descriptor client(accept(at_broker.get(), nullptr, nullptr));
    std::array<char, 64> text{};
    for (ssize_t size = 0; (size = read(client.get(), text.data(), text.size())) > 0;)
      (void)!write(client.get(), text.data(), static_cast<std::size_t>(size));
  });
  auto spec = shell("exec 5<>/dev/tcp/127.0.0.1/" + std::to_string(broker) +
                    "; echo hello >&5; read -r line <&5; echo $line; " + "(exec 6<>/dev/tcp/127.0.0.1/" +
                    std::to_string(other) + ") 2>/dev/null && echo other; true");
  spec.broker_ports = {broker};
  EXPECT_EQ(said_by(std::move(spec)), GetParam() == Tier::sandbox ? "hello\n" : "hello\nother\n");
}

INSTANTIATE_TEST_SUITE_P(Tiers, IsolationTest,
                         ::testing::Values(Tier::process_group, Tier::pid_namespace, Tier::open_network,
                                           Tier::sandbox),
                         [](const auto& tier) {
                           auto name = to_string(tier.param);
                           std::erase(name, '-');
                           return name;
                         });

TEST(Isolation, HasNamesAndAnUpperLimit) {
  for (const auto tier : {Tier::process_group, Tier::pid_namespace, Tier::open_network, Tier::sandbox})
    EXPECT_EQ(grader::tier_from(to_string(tier)), tier);
  EXPECT_THROW(grader::tier_from("castle"), std::invalid_argument);
  EXPECT_EQ(confinement(Tier::process_group).tier, Tier::process_group);
  EXPECT_LE(confinement(Tier::pid_namespace).tier, Tier::pid_namespace);
}

}  // namespace
