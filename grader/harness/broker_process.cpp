#include "harness/broker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "harness/broker_state.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

Descriptor open_log(const std::filesystem::path& file, int flags) {
  Descriptor log(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600));
  if (!log.valid()) throw InfraError(file_error("write", file, errno));
  return log;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Signals as a program expects them, whatever we have done with ours. For use between fork and exec.
void reset_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGCHLD}) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_on_exec_from(unsigned first) {
  syscall(SYS_close_range, first, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
}

/// A process that adopts orphans (a check does, to find all that a program under grading started)
/// would adopt what we detach, and end it. Suspends that.
class NoAdoption {
 public:
  NoAdoption() {
    prctl(PR_GET_CHILD_SUBREAPER, &adopting_);
    if (adopting_ != 0) prctl(PR_SET_CHILD_SUBREAPER, 0);
  }
  ~NoAdoption() {
    if (adopting_ != 0) prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  NoAdoption(const NoAdoption&) = delete;
  NoAdoption& operator=(const NoAdoption&) = delete;

 private:
  int adopting_ = 0;
};

}  // namespace

Descriptor open_process(pid_t pid) {
  return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

bool has_ended_within(const Descriptor& process, std::chrono::milliseconds limit) {
  if (!process.valid()) return true;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd polled{.fd = process.get(), .events = POLLIN, .revents = 0};
    const int ready = poll(&polled, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

std::string command_line(pid_t pid) {
  return read_text("/proc/" + std::to_string(pid) + "/cmdline");
}

Descriptor start_detached(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw InfraError(std::string("no pipe: ") + std::generic_category().message(errno));
  Descriptor reading(ends[0]);
  const Descriptor writing(ends[1]);
  const Descriptor input(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor output = open_log(log, O_APPEND);
  std::vector<std::string> words = arguments;
  const auto argument_pointers = pointers(words);

  const NoAdoption no_adoption;
  const pid_t child = fork();
  if (child < 0)
    throw InfraError(std::string("can't start a process: ") + std::generic_category().message(errno));
  if (child == 0) {
    // System calls only: the caller may have threads.
    setsid();
    if (fork() != 0) _exit(0);  // the second child has no parent that would have to wait for it
    const int report = fcntl(writing.get(), F_DUPFD, 10);  // out of the way of 0 to 3
    const int in = fcntl(input.get(), F_DUPFD, 10);
    const int out = fcntl(output.get(), F_DUPFD, 10);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    dup2(report, report_descriptor);
    close_on_exec_from(report_descriptor + 1);
    reset_signals();
    execv(argument_pointers[0], argument_pointers.data());
    _exit(127);
  }
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return reading;
}

Child::Child(const Spec& spec) {
  const Descriptor input(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor output = open_log(spec.log, O_TRUNC | O_APPEND);
  std::vector<std::string> words = spec.arguments;
  std::vector<std::string> variables = spec.environment;
  const auto argument_pointers = pointers(words);
  const auto variable_pointers = pointers(variables);
  begin([&] {
    dup2(input.get(), STDIN_FILENO);
    dup2(output.get(), STDOUT_FILENO);
    dup2(output.get(), STDERR_FILENO);
    close_on_exec_from(STDERR_FILENO + 1);
    if (spec.keep_open >= 0) fcntl(spec.keep_open, F_SETFD, 0);
    if (chdir(spec.folder.c_str()) != 0) return;
    execve(argument_pointers[0], argument_pointers.data(), variable_pointers.data());
    const char* const text = strerrordesc_np(errno);  // takes no memory
    (void)!write(STDERR_FILENO, text, std::strlen(text));
  });
}

Child::Child(const std::function<int()>& body) {
  begin([&] { _exit(body()); });
}

void Child::begin(const std::function<void()>& in_child) {
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0)
    throw InfraError(std::string("can't start a process: ") + std::generic_category().message(errno));
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);  // it died in between
    reset_signals();
    in_child();
    _exit(127);
  }
  process_ = open_process(pid_);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      process_(std::move(other.process_)),
      waited_(other.waited_),
      status_(other.status_) {}

Child::~Child() {
  if (pid_ <= 0 || waited_) return;
  ::kill(pid_, SIGKILL);
  wait();
}

void Child::signal(int number) const {
  if (!waited_) ::kill(pid_, number);
}

int Child::wait() {
  if (waited_) return status_;
  while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  waited_ = true;
  return status_;
}

}  // namespace grader
