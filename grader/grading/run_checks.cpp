#include "grading/run_checks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "evidence/admin.hpp"
#include "evidence/check_names.hpp"
#include "evidence/cluster.hpp"
#include "harness/broker.hpp"
#include "harness/command.hpp"
#include "harness/descriptor.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// A check has deadlines of its own; this one is for a grader that hangs.
constexpr auto longest_check = std::chrono::minutes(5);

struct StartedCheck {
  std::size_t index;
  pid_t pid;
  Descriptor pidfd;
  Clock::time_point deadline;
};

fs::path folder_of(const CheckRunOptions& options, const CheckRun& run) {
  return options.results / run.answers / run.check.exercise / run.check.name;
}

/// Two grades would write over each other's evidence, so one of the same answers at a time. Fewer locks than
/// wanted when it is told to stop meanwhile.
std::vector<FileLock> lock_results(const std::vector<CheckRun>& runs, const CheckRunOptions& options,
                                   const std::stop_token& stop) {
  std::set<fs::path> files;  // in order, so that nobody waits for somebody who waits for him
  for (const auto& run : runs) files.insert(results_lock(options.results, run.answers));
  std::vector<FileLock> locks;
  fs::create_directories(options.results);
  for (const auto& file : files) {
    auto lock = FileLock::try_to_get(file);
    if (!lock) options.waits();
    for (; !lock && !stop.stop_requested(); lock = FileLock::try_to_get(file)) poll(nullptr, 0, 50);
    if (lock) locks.push_back(std::move(*lock));
  }
  return locks;
}

StartedCheck start(const Paths& paths, const CheckRun& run, std::size_t index,
                   const CheckRunOptions& options) {
  const CheckId& check = run.check;
  fs::create_directories(folder_of(options, run));
  const std::string output = folder_of(options, run).string() + ".txt";
  const std::string executable = checks_executable(paths, check.exercise).string();
  const std::string filter = fmt::format("--gtest_filter={}.{}", check.part, check.name);
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("COURSE_")) environment.emplace_back(*entry);
  }
  environment.push_back("COURSE_ANSWERS=" + run.answers);
  environment.push_back("COURSE_RESULTS=" + (options.results / run.answers).string());
  environment.push_back("COURSE_SEED=" + options.seed);
  environment.push_back("COURSE_STATE_DIR=" + paths.state.string());
  environment.push_back("COURSE_BROKER=" + options.broker.string());
  environment.push_back("COURSE_ISOLATION=" + to_string(options.isolation));
  if (run.explore_all) environment.emplace_back("COURSE_EXPLORE=all");
  std::vector<char*> variables;
  for (auto& entry : environment) variables.push_back(entry.data());
  variables.push_back(nullptr);

  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw InfraError("can't start a check: no process left");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a killed grade leaves no checks behind
    if (getppid() != parent) _exit(127);
    setpgid(0, 0);  // Ctrl+C is for the grade, which then ends its checks
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int nothing = open("/dev/null", O_RDONLY);
    if (file < 0 || nothing < 0) _exit(127);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    dup2(nothing, STDIN_FILENO);
    execle(executable.c_str(), executable.c_str(), filter.c_str(), "--gtest_brief=1", nullptr,
           variables.data());
    _exit(127);
  }
  return {.index = index,
          .pid = pid,
          .pidfd = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))),
          .deadline = Clock::now() + longest_check};
}

std::string last_lines(const fs::path& file) {
  const std::string all = read_text(file);
  return all.size() <= 2000 ? all : "…" + all.substr(all.size() - 2000);
}

Verdict without_verdict(const CheckRun& run, const CheckRunOptions& options, std::string why) {
  return {.exercise = run.check.exercise,
          .check = run.check.name,
          .part = run.check.part,
          .title = run.check.name,
          .status = Status::infra_error,
          .detail = std::move(why),
          .seed = options.seed};
}

/// The verdict that a check left; an infrastructure error if it left none.
Verdict collect(const CheckRun& run, const CheckRunOptions& options) {
  const fs::path folder = folder_of(options, run);
  try {
    return verdict_from_json(nlohmann::json::parse(std::ifstream(folder / "verdict.json")));
  } catch (const std::exception&) {
    return without_verdict(
        run, options, "the check ended without a verdict; it said: " + last_lines(folder.string() + ".txt"));
  }
}

/// Those that took longest the last time come first, so that none of them is waited for alone in the end.
std::vector<std::size_t> order_of(const std::vector<CheckRun>& runs, const CheckRunOptions& options) {
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto last_time =
        nlohmann::json::parse(std::ifstream(folder_of(options, runs[i]) / "verdict.json"), nullptr, false);
    order.emplace_back(last_time.is_object() ? last_time.value("seconds", 0.0) : 0.0, i);
  }
  std::ranges::stable_sort(order, std::ranges::greater{}, &std::pair<double, std::size_t>::first);
  std::vector<std::size_t> indices;
  for (const auto& [seconds, index] : order) indices.push_back(index);
  return indices;
}

/// Watches over the broker that all checks share. A cluster of one's own is looked after by somebody else.
class BrokerWatch {
 public:
  explicit BrokerWatch(const fs::path& folder) : folder_(folder), pid_(pid_now()) {}

  [[nodiscard]] bool gone() {
    if (pid_ == 0 || Clock::now() < next_look_) return false;
    next_look_ = Clock::now() + std::chrono::milliseconds(500);
    return pid_now() != pid_;
  }

 private:
  [[nodiscard]] pid_t pid_now() const {
    const auto broker = running_broker(folder_);
    return broker ? broker->java_pid : 0;
  }

  fs::path folder_;
  pid_t pid_;
  Clock::time_point next_look_ = Clock::now();
};

/// Checks that are killed leave their topics behind: those of another grade are cleared away while this one
/// begins, those of this one at its end. A cluster of one's own is left alone.
class Sweep {
 public:
  explicit Sweep(fs::path folder) : folder_(std::move(folder)), first_([this] { sweep(); }) {}
  ~Sweep() {
    first_.join();
    if (killed_) sweep();
  }
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

  void somebody_was_killed() { killed_ = true; }

 private:
  void sweep() const {
    try {
      if (const auto broker = running_broker(folder_)) {
        Admin admin(Cluster::of(*broker).admin);
        delete_topics_of_dead_checks(admin);
      }
    } catch (const std::exception&) {  // the next grade tries again
    }
  }

  fs::path folder_;
  bool killed_ = false;
  std::thread first_;
};

Verdict same_for(const CheckId& check, Verdict verdict) {
  verdict.check = check.name;
  verdict.part = check.part;
  verdict.title = check.name;
  verdict.steps.clear();
  verdict.seconds = 0;
  verdict.program_seconds = 0;
  return verdict;
}

}  // namespace

unsigned default_jobs() {
  return std::clamp(3 * std::thread::hardware_concurrency(), 4U, 32U);
}

std::vector<Verdict> run_checks(const Paths& paths, const std::vector<CheckRun>& runs,
                                const CheckRunOptions& options,
                                const std::function<void(const Verdict&, std::size_t)>& finished,
                                std::stop_token stop) {
  std::vector<std::optional<Verdict>> verdicts(runs.size());
  std::map<std::pair<std::string, std::string>, Verdict> settled;  // by answers and exercise
  std::vector<StartedCheck> running;
  const auto locks = lock_results(runs, options, stop);
  const auto order = order_of(runs, options);
  BrokerWatch broker(options.broker);
  Sweep sweep(options.broker);
  std::size_t started = 0;
  const auto conclude = [&](std::size_t index, Verdict verdict) {
    if (settles_exercise(verdict.status))
      settled.try_emplace({runs[index].answers, verdict.exercise}, verdict);
    if (finished) finished(verdict, index);
    verdicts[index] = std::move(verdict);
  };
  while (started < runs.size() || !running.empty()) {
    if (stop.stop_requested()) started = runs.size();
    if (broker.gone()) {  // what waits for it now would wait for its deadline, one after the other
      for (const auto& one : running) {
        kill(one.pid, SIGKILL);
        waitpid(one.pid, nullptr, 0);
        sweep.somebody_was_killed();
      }
      running.clear();
      for (std::size_t i = 0; i < runs.size(); ++i) {
        if (verdicts[i]) continue;
        conclude(i,
                 without_verdict(runs[i], options,
                                 "the broker went away during the grade; ./course broker logs may say why. "
                                 "The next grade starts it again"));
      }
      break;
    }
    while (started < runs.size() && running.size() < options.jobs) {
      const std::size_t next = order[started++];
      const auto& run = runs[next];
      if (const auto known = settled.find({run.answers, run.check.exercise}); known != settled.end()) {
        conclude(next, same_for(run.check, known->second));
      } else {
        fs::remove(folder_of(options, run) / "verdict.json");
        running.push_back(start(paths, run, next, options));
      }
    }
    std::vector<pollfd> polled;
    for (const auto& one : running) polled.push_back({.fd = one.pidfd.get(), .events = POLLIN, .revents = 0});
    poll(polled.data(), polled.size(), 100);
    for (std::size_t i = running.size(); i-- > 0;) {
      const bool overdue = Clock::now() > running[i].deadline || stop.stop_requested();
      if (overdue) {
        kill(running[i].pid, SIGKILL);
        sweep.somebody_was_killed();
      }
      if (!overdue && (polled[i].revents & POLLIN) == 0) continue;
      waitpid(running[i].pid, nullptr, 0);
      const std::size_t index = running[i].index;
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
      if (!stop.stop_requested()) conclude(index, collect(runs[index], options));
    }
  }
  std::vector<Verdict> result;
  for (auto& verdict : verdicts) {
    if (verdict) result.push_back(std::move(*verdict));
  }
  return result;
}

}  // namespace grader
