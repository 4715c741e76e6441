#include "harness/run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <fstream>
#include <system_error>

#include "harness/infra_error.hpp"
#include "harness/pass_descriptor.hpp"
#include "harness/text_file.hpp"
#include "launch/launch_protocol.hpp"

namespace grader {
namespace {

constexpr int report_fd = 3;   // what a program inherits besides stdin, stdout and stderr
constexpr int control_fd = 4;  // what its launcher inherits besides that
constexpr auto launch_limit = std::chrono::seconds(30);  // usual are 10 ms

Descriptor open_file(const std::filesystem::path& path, int flags) {
  Descriptor file(open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!file.valid())
    throw InfraError("can't open " + path.string() + ": " + std::generic_category().message(errno));
  return file;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::chrono::milliseconds cpu_time(const rusage& usage) {
  const auto milliseconds = [](const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; };
  return std::chrono::milliseconds(milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime));
}

void open_to_others(const std::filesystem::path& file) {
  using enum std::filesystem::perms;
  std::error_code not_ours;
  std::filesystem::permissions(file, others_read | others_exec, std::filesystem::perm_options::add, not_ours);
}

void send_signal(const Descriptor& process, int number) {
  syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0);
}

/// As seen from here; see proc_pid_fdinfo(5).
pid_t process_of(const Descriptor& pidfd) {
  std::ifstream lines("/proc/self/fdinfo/" + std::to_string(pidfd.get()));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Pid:")) return std::stoi(line.substr(4));
  }
  throw InfraError("this kernel does not tell a program's process");
}

struct Use {
  std::uint64_t memory_bytes = 0;
  std::size_t processes = 0;
};

/// What the descendants of a process use together.
Use use_of_tree(pid_t root) {
  constexpr std::size_t enough = 10'000;  // to say that there are too many
  Use use;
  std::vector<pid_t> unseen{root};
  while (!unseen.empty() && use.processes < enough) {
    const std::filesystem::path process = "/proc/" + std::to_string(unseen.back());
    unseen.pop_back();
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    std::ifstream(process / "statm") >> size >> resident;
    use.memory_bytes += resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    ++use.processes;
    std::error_code gone;
    for (std::filesystem::directory_iterator task(process / "task", gone), end; !gone && task != end;
         task.increment(gone)) {
      std::ifstream children(task->path() / "children");
      for (pid_t child = 0; children >> child;) unseen.push_back(child);
    }
  }
  return use;
}

/// See proc(5): a process's folder belongs to its user, and task/ has a folder for each thread.
std::size_t threads_of_this_user() {
  std::size_t threads = 0;
  std::error_code gone;
  for (std::filesystem::directory_iterator entry("/proc", gone), end; !gone && entry != end;
       entry.increment(gone)) {
    struct stat status {};
    if (stat(entry->path().c_str(), &status) != 0 || status.st_uid != geteuid()) continue;
    if (stat((entry->path() / "task").c_str(), &status) == 0) threads += status.st_nlink - 2;
  }
  return threads;
}

std::vector<std::string> launch_arguments(const ProgramSpec& spec) {
  Launch launch{.files = spec.files,
                .broker_ports = spec.broker_ports,
                .user = spec.confinement.another_user ? user_of_programs() : 0,
                .options = {"--control", std::to_string(control_fd), "--cpu",
                            std::to_string(spec.limits.cpu_time.count()), "--file-bytes",
                            std::to_string(spec.limits.file_bytes)},
                .program = {spec.executable.string()}};
  launch.files.push_back(spec.executable);
  const auto add = [&](const std::string& option, const std::string& value) {
    launch.options.insert(launch.options.end(), {option, value});
  };
  // The kernel counts by user, so to what is allowed comes what this user does already.
  add("--processes",
      std::to_string(spec.limits.threads + (spec.confinement.another_user ? 0 : threads_of_this_user())));
  add("--env", "COURSE_REPORT_FD=" + std::to_string(report_fd));
  for (const auto& [name, value] : spec.environment) add("--env", name + '=' + value);
  launch.program.insert(launch.program.end(), spec.arguments.begin(), spec.arguments.end());
  return command_line(spec.confinement, launch);
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

}  // namespace

Run::Run(ProgramSpec spec, Conversation::Policy policy, Conversation::Listener listener)
    : spec_(std::move(spec)),
      conversation_(std::make_unique<Conversation>(std::move(policy), std::move(listener))) {
  launch();
  if (spec_.confinement.tier == Tier::sandbox) {
    for (const int port : spec_.broker_ports)
      ways_to_brokers_.push_back(std::make_unique<PortForward>(receive_from_launcher(), port));
  }
  started_at_ = Clock::now();
  program_ = receive_from_launcher();
  pid_ = process_of(program_);
  watch_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void Run::launch() {
  std::ofstream(output_path("stdin"), std::ios::binary) << spec_.input;
  const auto input = open_file(output_path("stdin"), O_RDONLY);
  const auto output = open_file(output_path("stdout"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  const auto errors = open_file(output_path("stderr"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);

  if (spec_.confinement.another_user) {
    fchown(output.get(), user_of_programs(), user_of_programs());  // so that it can open /dev/stdout
    fchown(errors.get(), user_of_programs(), user_of_programs());
    for (const auto& file : {spec_.executable, spec_.confinement.launcher}) open_to_others(file);
    for (const auto& file : spec_.files) open_to_others(file);
  }
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw InfraError(std::string("no line to a program's launcher: ") +
                     std::generic_category().message(errno));
  control_.reset(ends[0]);
  const Descriptor launcher_end(ends[1]);
  auto arguments = launch_arguments(spec_);
  std::vector<std::string> environment{"PATH=/usr/bin:/bin"};
  const auto argument_pointers = pointers(arguments);
  const auto environment_pointers = pointers(environment);

  int copies[control_fd + 1] = {};
  launcher_ = fork();
  if (launcher_ < 0)
    throw InfraError(std::string("can't start a process: ") + std::generic_category().message(errno));
  if (launcher_ == 0) {
    // Between fork and exec in a program with threads: system calls only.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    const int sources[] = {input.get(), output.get(), errors.get(), conversation_->program_end(),
                           launcher_end.get()};
    for (int target = 0; target <= control_fd; ++target) {
      copies[target] = fcntl(sources[target], F_DUPFD_CLOEXEC, 10);  // out of the way of the targets
    }
    for (int target = 0; target <= control_fd; ++target) dup2(copies[target], target);
    syscall(SYS_close_range, control_fd + 1, ~0U, 0);
    if (chdir(spec_.folder.c_str()) != 0) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(argument_pointers[0], argument_pointers.data(), environment_pointers.data());
    _exit(127);
  }
  setpgid(launcher_, launcher_);  // both sides do it, whoever comes first
  conversation_->close_program_end();
}

Descriptor Run::receive_from_launcher() {
  auto received = receive_descriptor(control_.get(), launch_limit);
  if (received.valid()) return received;
  end_launcher();
  throw InfraError("a program can't be started: " + standard_error().substr(0, 500));
}

Run::~Run() {
  if (!ended_) kill();
}

std::optional<Ended> Run::wait(Clock::time_point deadline) {
  if (ended_) return ended_;
  pollfd polled{.fd = control_.get(), .events = POLLIN, .revents = 0};
  if (poll(&polled, 1, milliseconds_until(deadline)) <= 0) return std::nullopt;
  LaunchReport report;
  // If none comes, somebody killed the launcher, and with it the program.
  if (recv(control_.get(), &report, sizeof report, 0) != sizeof report) report.status = SIGKILL;
  ended_ =
      Ended{.exit_code = WIFEXITED(report.status) ? std::optional(WEXITSTATUS(report.status)) : std::nullopt,
            .signal = WIFSIGNALED(report.status) ? WTERMSIG(report.status) : 0,
            .over_memory = over_memory_,
            .at = Clock::now(),
            .peak_memory_bytes = static_cast<std::uint64_t>(report.usage.ru_maxrss) * 1024,
            .cpu_time = cpu_time(report.usage)};
  watch_.request_stop();
  end_launcher();
  return ended_;
}

void Run::signal(int number) const {
  if (!ended_) send_signal(program_, number);
}

Ended Run::kill() {
  send_signal(program_, SIGKILL);
  if (const auto ended = wait(Clock::now() + std::chrono::seconds(10))) return *ended;
  // In the lowest tier a program can stop its launcher.
  ::kill(-launcher_, SIGKILL);
  const auto ended = wait(Clock::now() + std::chrono::seconds(10));
  if (!ended) throw InfraError("a killed program does not end");
  return *ended;
}

void Run::end_launcher() {
  // It ends by itself when it has reported; with it, the kernel ends all that is left of its namespace.
  const Descriptor launcher(static_cast<int>(syscall(SYS_pidfd_open, launcher_, 0)));
  pollfd polled{.fd = launcher.get(), .events = POLLIN, .revents = 0};
  if (poll(&polled, 1, 10'000) <= 0) ::kill(-launcher_, SIGKILL);
  waitpid(launcher_, nullptr, 0);
}

std::filesystem::path Run::output_path(const char* kind) const {
  return spec_.folder / (spec_.name + "." + kind);
}
std::string Run::standard_output() const {
  return read_text(output_path("stdout"));
}
std::string Run::standard_error() const {
  return read_text(output_path("stderr"));
}

void Run::watch(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stopped.wait_for(lock, stop, std::chrono::milliseconds(50), [] { return false; }) &&
         !stop.stop_requested()) {
    const auto [memory, processes] = use_of_tree(launcher_);
    if (memory > spec_.limits.memory_bytes) over_memory_ = true;
    if (over_memory_ || processes > spec_.limits.processes) send_signal(program_, SIGKILL);
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
