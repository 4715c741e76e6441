#include "harness/run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "harness/infra_error.hpp"

namespace grader {
namespace {

std::string read_file(const std::filesystem::path& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

Descriptor open_file(const std::filesystem::path& path, int flags) {
  Descriptor file(open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!file.valid()) throw InfraError("can't open " + path.string() + ": " + std::strerror(errno));
  return file;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void limit(__rlimit_resource resource, rlim_t value) {
  const rlimit both{.rlim_cur = value, .rlim_max = value};
  setrlimit(resource, &both);
}

std::chrono::milliseconds cpu_time(const rusage& usage) {
  const auto milliseconds = [](const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; };
  return std::chrono::milliseconds(milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime));
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

}  // namespace

Run::Run(ProgramSpec spec, Conversation::Policy policy, Conversation::Listener listener)
    : spec_(std::move(spec)),
      conversation_(std::make_unique<Conversation>(std::move(policy), std::move(listener))) {
  std::ofstream(output_path("stdin"), std::ios::binary) << spec_.input;
  const auto input = open_file(output_path("stdin"), O_RDONLY);
  const auto output = open_file(output_path("stdout"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  const auto errors = open_file(output_path("stderr"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);

  constexpr int report_fd = 3;
  std::vector<std::string> arguments{spec_.executable.string()};
  arguments.insert(arguments.end(), spec_.arguments.begin(), spec_.arguments.end());
  std::vector<std::string> environment{"COURSE_REPORT_FD=" + std::to_string(report_fd)};
  for (const auto& [name, value] : spec_.environment) environment.push_back(name + '=' + value);
  const auto argument_pointers = pointers(arguments);
  const auto environment_pointers = pointers(environment);

  int copies[report_fd + 1] = {};
  started_at_ = Clock::now();
  pid_ = fork();
  if (pid_ < 0) throw InfraError(std::string("can't start a process: ") + std::strerror(errno));
  if (pid_ == 0) {
    // Between fork and exec in a program with threads: system calls only.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    const int sources[] = {input.get(), output.get(), errors.get(), conversation_->program_end()};
    for (int target = 0; target <= report_fd; ++target) {
      copies[target] = fcntl(sources[target], F_DUPFD_CLOEXEC, 10);  // out of the way of the targets
    }
    for (int target = 0; target <= report_fd; ++target) dup2(copies[target], target);
    syscall(SYS_close_range, report_fd + 1, ~0U, 0);
    if (chdir(spec_.folder.c_str()) != 0) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    limit(RLIMIT_CPU, static_cast<rlim_t>(spec_.limits.cpu_time.count()));
    limit(RLIMIT_FSIZE, spec_.limits.file_bytes);
    limit(RLIMIT_CORE, 0);
    execve(argument_pointers[0], argument_pointers.data(), environment_pointers.data());
    _exit(127);
  }
  setpgid(pid_, pid_);  // both sides do it, whoever comes first
  conversation_->close_program_end();
  pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  memory_watch_ = std::jthread([this](const std::stop_token& stop) { watch_memory(stop); });
}

Run::~Run() {
  if (!ended_) kill();
}

std::optional<Ended> Run::wait(Clock::time_point deadline) {
  if (ended_) return ended_;
  pollfd polled{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  if (poll(&polled, 1, milliseconds_until(deadline)) <= 0) return std::nullopt;
  int status = 0;
  rusage usage{};
  if (wait4(pid_, &status, 0, &usage) != pid_) throw InfraError("lost track of a program under grading");
  ended_ = Ended{.exit_code = WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt,
                 .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                 .over_memory = over_memory_,
                 .at = Clock::now(),
                 .peak_memory_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024,
                 .cpu_time = cpu_time(usage)};
  memory_watch_.request_stop();
  return ended_;
}

void Run::signal(int number) const {
  if (!ended_) ::kill(pid_, number);
}

Ended Run::kill() {
  ::kill(-pid_, SIGKILL);
  const auto ended = wait(Clock::now() + std::chrono::seconds(10));
  if (!ended) throw InfraError("a killed program does not end");
  return *ended;
}

std::filesystem::path Run::output_path(const char* kind) const {
  return spec_.folder / (spec_.name + "." + kind);
}
std::string Run::standard_output() const {
  return read_file(output_path("stdout"));
}
std::string Run::standard_error() const {
  return read_file(output_path("stderr"));
}

void Run::watch_memory(const std::stop_token& stop) {
  const std::filesystem::path statm = "/proc/" + std::to_string(pid_) + "/statm";
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stopped.wait_for(lock, stop, std::chrono::milliseconds(50), [] { return false; }) &&
         !stop.stop_requested()) {
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    std::ifstream(statm) >> size >> resident;
    if (resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) > spec_.limits.memory_bytes) {
      over_memory_ = true;
      ::kill(-pid_, SIGKILL);
    }
  }
}

void adopt_orphans() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void kill_all_descendants() {
  // Whoever is killed may leave children, which then become ours: repeat until there are none.
  for (bool found = true; found;) {
    found = false;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream children(task.path() / "children");
      for (pid_t child = 0; children >> child;) {
        found = true;
        ::kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
      }
    }
  }
}

}  // namespace grader
