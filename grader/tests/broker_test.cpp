// The broker that everything else relies on: one for each folder, gone when it is said to be gone,
// and back after whatever happened to it. Every test starts a real one.

#include "harness/broker.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <future>
#include <regex>
#include <thread>

#include "evidence/admin.hpp"
#include "evidence/cluster.hpp"
#include "harness/broker_autopsy.hpp"
#include "harness/broker_config.hpp"
#include "harness/broker_probe.hpp"
#include "harness/broker_process.hpp"
#include "harness/broker_state.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using grader::Admin;
using grader::Broker;
using grader::BrokerFiles;
using grader::Cluster;
using grader::Descriptor;
using Clock = std::chrono::steady_clock;

/// Waits for what no descriptor tells.
template <typename Condition>
bool eventually(Condition condition, std::chrono::seconds limit = 15s) {
  for (const auto deadline = Clock::now() + limit; Clock::now() < deadline; std::this_thread::yield()) {
    if (condition()) return true;
  }
  return condition();
}

/// Processes, other than this one, that know `folder`: from their command line.
std::vector<int> processes_of(const fs::path& folder) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && pid != getpid() && grader::command_line(pid).find(folder.string()) != std::string::npos)
      found.push_back(pid);
  }
  return found;
}

class BrokerTest : public ::testing::Test {
 public:
  BrokerTest() { fs::create_directories(folder_); }
  ~BrokerTest() override {
    grader::stop_broker(folder_);
    fs::remove_all(folder_);
  }

 protected:
  Broker start(const grader::BrokerOptions& options = {}) {
    return grader::start_broker(paths_, folder_, options);
  }
  [[nodiscard]] std::optional<Broker> running() const { return grader::running_broker(folder_); }
  [[nodiscard]] std::string note() const { return grader::read_text(files_.last_end()); }

  static void create_topic(const Broker& broker, const std::string& topic) {
    Admin(Cluster::of(broker).admin).create_topic(topic, 1);
  }
  static bool has_topic(const Broker& broker, const std::string& topic) {
    return Admin(Cluster::of(broker).admin).partition_count(topic).has_value();
  }

  const grader::Paths paths_ = grader::Paths::of_this_checkout();
  // Letters that properties files, lists and shells trip over.
  const fs::path folder_ = fs::temp_directory_path() / ("broker test, ü=" + std::to_string(getpid()));
  const BrokerFiles files_{folder_};
};

TEST_F(BrokerTest, StartsOnceHoweverOftenItIsAskedTo) {
  auto other = std::async(std::launch::async, [this] { return start(); });
  const Broker one = start();
  const Broker two = other.get();
  EXPECT_EQ(one.java_pid, two.java_pid);
  EXPECT_EQ(one.admin.password, two.admin.password);
  EXPECT_EQ(start().java_pid, one.java_pid);
  ASSERT_TRUE(running());
  EXPECT_EQ(running()->grader_port, one.grader_port);
  EXPECT_EQ(one.check_users.size(), 64U);
}

TEST_F(BrokerTest, StopLeavesNoProcess) {
  const Broker broker = start();
  EXPECT_GE(processes_of(folder_).size(), 2U) << "keeper and Java, perhaps a probe";
  EXPECT_TRUE(grader::stop_broker(folder_));
  EXPECT_TRUE(processes_of(folder_).empty());
  EXPECT_FALSE(running());
  EXPECT_FALSE(fs::exists(files_.state()));
  EXPECT_FALSE(grader::stop_broker(folder_)) << "there was nothing left to stop";
}

TEST_F(BrokerTest, KeepsItsTopicsBetweenStarts) {
  create_topic(start(), "kept");
  grader::stop_broker(folder_);
  EXPECT_TRUE(has_topic(start(), "kept"));
}

TEST_F(BrokerTest, DiesWithItsKeeper) {
  const Broker broker = start();
  create_topic(broker, "kept");
  const auto java = grader::open_process(broker.java_pid);
  kill(broker.keeper_pid, SIGKILL);
  EXPECT_TRUE(grader::has_ended_within(java, 5s));
  EXPECT_TRUE(eventually([this] { return !running(); }));
  EXPECT_TRUE(fs::exists(files_.state())) << "nobody was left to remove it, which is what this test is about";

  const Broker next = start();
  EXPECT_NE(next.java_pid, broker.java_pid);
  EXPECT_TRUE(has_topic(next, "kept"));
}

TEST_F(BrokerTest, KilledWhileItStartsLeavesNothing) {
  const auto started = std::async(std::launch::async, [this] { EXPECT_THROW(start(), grader::InfraError); });
  ASSERT_TRUE(
      eventually([this] { return grader::BrokerLock::signature(files_) && !processes_of(folder_).empty(); }));
  const auto keeper = *grader::BrokerLock::signature(files_);
  kill(keeper, SIGKILL);
  started.wait();
  EXPECT_TRUE(eventually([this] { return processes_of(folder_).empty(); }));
  EXPECT_TRUE(grader::topics_of(start(), 5s));
}

TEST_F(BrokerTest, TellsHowJavaEnded) {
  const Broker broker = start();
  create_topic(broker, "kept");
  const auto keeper = grader::open_process(broker.keeper_pid);
  kill(broker.java_pid, SIGKILL);
  EXPECT_TRUE(eventually([this] { return !running(); }));
  EXPECT_TRUE(grader::has_ended_within(keeper, 5s));
  EXPECT_NE(note().find("killed (signal 9)"), std::string::npos) << note();
  EXPECT_TRUE(has_topic(start(), "kept"));
}

TEST_F(BrokerTest, TwoFoldersDoNotMeet) {
  const fs::path other_folder = folder_ / "other";
  auto starting = std::async(std::launch::async, [&] { return grader::start_broker(paths_, other_folder); });
  const Broker one = start();
  const Broker other = starting.get();
  EXPECT_NE(one.java_pid, other.java_pid);
  EXPECT_NE(one.learner_port, other.learner_port);
  create_topic(one, "mine");
  EXPECT_FALSE(has_topic(other, "mine"));

  Broker stranger = other;
  stranger.admin = one.admin;
  EXPECT_FALSE(grader::topics_of(stranger, 1s)) << "the password of one opens the other";
  EXPECT_TRUE(grader::stop_broker(other_folder));
  EXPECT_TRUE(grader::topics_of(one, 5s));
}

/// A socket that listens at a port; not valid if it can't.
Descriptor listen_at(int port) {
  Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool listens =
      listener.valid() &&
      bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      listen(listener.get(), 1) == 0;
  return listens ? std::move(listener) : Descriptor();
}

TEST_F(BrokerTest, TakesAnotherPortIfTheUsualIsTaken) {
  const Descriptor squatter =
      listen_at(grader::usual_learner_port);  // else somebody else has it, which is as good
  EXPECT_FALSE(grader::is_free(grader::usual_learner_port));
  const Broker broker = start();
  EXPECT_NE(broker.learner_port, grader::usual_learner_port);
  Admin learner({{"bootstrap.servers", broker.learner_address()}});
  learner.create_topic("anonymous", 1);
  EXPECT_TRUE(has_topic(broker, "anonymous"));
}

TEST_F(BrokerTest, TakesOtherPortsIfSomebodyIsFaster) {
  auto starting = std::async(std::launch::async, [this] { return start(); });
  // Between the choice of the ports and Kafka's first use of them lies half a second of Java's start.
  int port = 0;
  ASSERT_TRUE(eventually([&] {
    const std::string text = grader::read_text(folder_ / "server.properties");
    std::smatch found;
    if (std::regex_search(text, found, std::regex("\nlisteners=LEARNER://127.0.0.1:([0-9]+),")))
      port = std::stoi(found[1]);
    return port != 0;
  }));
  const Descriptor squatter = listen_at(port);
  ASSERT_TRUE(squatter.valid());
  const Broker broker = starting.get();
  EXPECT_NE(broker.learner_port, port);
  EXPECT_TRUE(grader::answers_everywhere(broker, 5s));
}

TEST_F(BrokerTest, EndsWhenNobodyUsesIt) {
  const Broker broker = start({.learner_listener = true, .idle_limit = 1s});
  const auto keeper = grader::open_process(broker.keeper_pid);
  {
    Admin client({{"bootstrap.servers", broker.learner_address()}});
    EXPECT_NO_THROW(client.topics());
    EXPECT_GT(grader::client_connections({broker}), 0);
    EXPECT_FALSE(grader::has_ended_within(keeper, 3s)) << "it ended although a client was connected";
  }
  EXPECT_TRUE(grader::has_ended_within(keeper, 10s));
  EXPECT_NE(note().find("nobody used it for 1 s"), std::string::npos) << note();
  EXPECT_TRUE(processes_of(folder_).empty());
}

TEST_F(BrokerTest, EndsWhenItsFolderIsRemoved) {
  const Broker broker = start();
  const auto keeper = grader::open_process(broker.keeper_pid);
  const auto java = grader::open_process(broker.java_pid);
  fs::remove_all(folder_);
  EXPECT_TRUE(grader::has_ended_within(keeper, 15s));
  EXPECT_TRUE(grader::has_ended_within(java, 0s));
}

TEST_F(BrokerTest, ForSubmissionsNobodyGetsInWithoutAPassword) {
  const Broker broker = start({.learner_listener = false});
  EXPECT_EQ(broker.learner_port, 0);
  EXPECT_THROW(start(), grader::InfraError) << "who wants the learners' listener must not get this one";
  create_topic(broker, "secret");
  EXPECT_EQ(grader::topics_of(broker, 5s), std::vector<std::string>{"secret"});
  Broker as_user = broker;
  as_user.admin = broker.check_users.at(63);
  EXPECT_EQ(grader::topics_of(as_user, 5s), std::vector<std::string>{})
      << "a user without rights sees topics";

  for (const auto& file : {files_.state(), folder_ / "server.properties"}) {
    struct stat status {};
    ASSERT_EQ(stat(file.c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << file;
  }
  EXPECT_EQ(grader::read_text(folder_ / "server.properties").find("@LOG_DIR@"), std::string::npos);
}

TEST_F(BrokerTest, DoesNotHoldOnToTheOutputOfWhoStartsIt) {
  const std::string command = "COURSE_STATE_DIR='" + folder_.string() + "' '" +
                              (paths_.build / "bin/course").string() + "' broker start 2>&1";
  FILE* output = popen(command.c_str(), "r");
  ASSERT_NE(output, nullptr);
  std::string text;
  for (int letter = 0; (letter = fgetc(output)) != EOF;) text += static_cast<char>(letter);  // to its end
  EXPECT_EQ(pclose(output), 0) << text;
  EXPECT_NE(text.find("The broker is at localhost:"), std::string::npos) << text;
  EXPECT_TRUE(grader::running_broker(folder_ / "broker"));
  EXPECT_TRUE(grader::stop_broker(folder_ / "broker"));
}

TEST_F(BrokerTest, OutlivesAStarterThatAdoptsOrphans) {
  // As a check does: it makes itself the parent of all that a program under grading leaves behind.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const Broker broker = start();
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "the keeper became our child";
  EXPECT_EQ(errno, ECHILD);
  EXPECT_TRUE(grader::topics_of(broker, 5s));
}

TEST_F(BrokerTest, SaysWhatToDoAboutDataThatKafkaCannotRead) {
  start();
  grader::stop_broker(folder_);
  std::ofstream(files_.data() / "meta.properties") << "version=1\ncluster.id=somewhere-else\nnode.id=7\n";
  try {
    start();
    FAIL() << "it started on another node's data";
  } catch (const grader::InfraError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("node id 7"), std::string::npos) << text;
    EXPECT_NE(text.find("./course broker reset"), std::string::npos) << text;
  }
  EXPECT_TRUE(processes_of(folder_).empty());
}

TEST_F(BrokerTest, RecognisesWhyAStartFailed) {
  fs::create_directories(files_.logs());
  std::ofstream(files_.server_log()) << "an earlier life: Address already in use\n";
  const auto old = fs::file_size(files_.server_log());
  const auto examined = [&](const std::string& line) {
    std::ofstream(files_.server_log(), std::ios::app) << line << '\n';
    return grader::examine(files_, old, 256);
  };
  EXPECT_FALSE(grader::examine(files_, old, 256).port_taken) << "only this life's lines count";
  EXPECT_NE(examined("12:00 ERROR Broker: odd").text.find("Broker: odd"), std::string::npos);
  EXPECT_NE(examined("java.io.IOException: No space left on device").text.find("Make room"),
            std::string::npos);
  EXPECT_TRUE(examined("KafkaException: Socket server failed to bind: Address already in use").port_taken);
}

}  // namespace
