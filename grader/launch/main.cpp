// course-launch: starts one program under grading, in whatever namespaces it finds itself, and stays as
// its parent. As process 1 of a namespace it collects orphans, and when it ends the kernel ends the rest.
//
//   course-launch [--control FD] [--listen PORT]… [--user ID] [--folder PATH] [--cpu SECONDS]
//                 [--file-bytes N] [--processes N] [--env NAME=VALUE]… -- PROGRAM [ARGUMENT…]
//
// Over the control line, a socket, it sends a listening socket for each --listen, in their order (made here,
// in this network namespace), then a pidfd of the program, and in the end a LaunchReport. Without one it ends
// as the program does.

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "launch/launch_protocol.hpp"
#include "support/send_descriptor.hpp"

namespace {

#if defined(__x86_64__)
constexpr __u32 native_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr __u32 native_architecture = AUDIT_ARCH_AARCH64;
#else
constexpr __u32 native_architecture = 0;  // not known here: no filter
#endif

constexpr int report_fd = 3;  // what the program inherits besides stdin, stdout and stderr

struct Options {
  int control = -1;
  std::vector<std::uint16_t> listen;
  uid_t user = 0;
  const char* folder = nullptr;
  rlim_t cpu = RLIM_INFINITY;
  rlim_t file_bytes = RLIM_INFINITY;
  rlim_t processes = RLIM_INFINITY;
  std::vector<char*> environment;
  char** program = nullptr;
};

[[noreturn]] void fail(const char* what) {
  std::perror((std::string("course-launch: ") + what).c_str());
  std::_Exit(126);
}

Options parse(char** argument) {
  Options options;
  for (++argument; *argument != nullptr; ++argument) {
    const std::string_view name = *argument++;
    if (*argument == nullptr) break;
    if (name == "--control") options.control = std::atoi(*argument);
    if (name == "--listen") options.listen.push_back(static_cast<std::uint16_t>(std::atoi(*argument)));
    if (name == "--user") options.user = static_cast<uid_t>(std::strtoul(*argument, nullptr, 10));
    if (name == "--folder") options.folder = *argument;
    if (name == "--cpu") options.cpu = std::strtoull(*argument, nullptr, 10);
    if (name == "--file-bytes") options.file_bytes = std::strtoull(*argument, nullptr, 10);
    if (name == "--processes") options.processes = std::strtoull(*argument, nullptr, 10);
    if (name == "--env") options.environment.push_back(*argument);
    if (name == "--") {
      options.program = argument;
      options.environment.push_back(nullptr);
      return options;
    }
  }
  errno = EINVAL;
  fail("there is no program in the arguments");
}

void send_descriptor(int control, int passenger) {
  if (!course::send_descriptor(control, passenger)) fail("the grader does not listen");
}

void offer_listener(int control, std::uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (listen(listener, SOMAXCONN) != 0) fail("listen");
  if (control >= 0) send_descriptor(control, listener);
  close(listener);
}

/// Refuses what no exercise needs and what opens ways around the limits: new namespaces (in which one may
/// mount what nobody counts), tracing, programs in the kernel. See seccomp(2); kernels without it go on.
void refuse_system_calls() {
  if (native_architecture == 0) return;
  constexpr std::array refused{SYS_unshare,          SYS_setns,         SYS_mount,           SYS_ptrace,
                               SYS_process_vm_readv, SYS_bpf,           SYS_perf_event_open, SYS_keyctl,
                               SYS_add_key,          SYS_io_uring_setup};
  constexpr auto allow = SECCOMP_RET_ALLOW;
  constexpr auto refuse = SECCOMP_RET_ERRNO | EPERM;
  std::vector<sock_filter> filter{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native_architecture, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),  // the x32 calls of an x86-64 kernel
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      // The flags of clone3 lie in memory, out of a filter's sight; without it libc takes clone.
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
  for (const auto number : refused) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<__u32>(number), 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, refuse));
  }
  filter.insert(filter.end(), {
                                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
                                  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
                                  BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
                                  BPF_STMT(BPF_RET | BPF_K, refuse),
                                  BPF_STMT(BPF_RET | BPF_K, allow),
                              });
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

void limit(__rlimit_resource resource, rlim_t value) {
  const rlimit both{.rlim_cur = value, .rlim_max = value};
  if (value != RLIM_INFINITY) setrlimit(resource, &both);
}

[[noreturn]] void become_program(const Options& options) {
  setsid();  // no terminal to type into
  if (options.folder != nullptr && chdir(options.folder) != 0) fail("its folder");
  limit(RLIMIT_CPU, options.cpu);
  limit(RLIMIT_FSIZE, options.file_bytes);
  limit(RLIMIT_NPROC, options.processes);
  limit(RLIMIT_NOFILE, 1024);
  limit(RLIMIT_CORE, 0);
  if (options.user != 0 &&
      (setgroups(0, nullptr) != 0 || setresgid(options.user, options.user, options.user) != 0 ||
       setresuid(options.user, options.user, options.user) != 0)) {
    fail("another user");
  }
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  refuse_system_calls();
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // last: a change of user clears it
  syscall(SYS_close_range, report_fd + 1, ~0U, 0);
  for (int number = 1; number < NSIG; ++number)
    signal(number, SIG_DFL);  // in the background a shell lets SIGINT be ignored, and that is inherited
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(options.program[0], options.program, const_cast<char* const*>(options.environment.data()));
  fail(options.program[0]);
}

/// Sends a signal to all children; those of a child that ends become ours. False if there is none.
bool signal_children(int number) {
  bool found = false;
  std::ifstream children("/proc/self/task/" + std::to_string(getpid()) + "/children");
  for (pid_t child = 0; children >> child;) found = kill(child, number) == 0 || found;
  return found;
}

/// Kills what the program left behind. Process 1 need not: the kernel does, and leaves nothing out.
void kill_descendants() {
  if (getpid() == 1) return;
  while (signal_children(SIGKILL)) {
    while (waitpid(-1, nullptr, 0) > 0) signal_children(SIGKILL);
  }
}

}  // namespace

int main(int /*argc*/, char** argv) {
  const Options options = parse(argv);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_DUMPABLE, 0);  // the program can't look into this process
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  for (const auto port : options.listen) offer_listener(options.control, port);
  const pid_t program = fork();
  if (program < 0) fail("no process");
  if (program == 0) become_program(options);
  close(report_fd);  // so that the grader notices when the program has closed it
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) close(fd);
  if (options.control >= 0) {
    fcntl(options.control, F_SETFD, FD_CLOEXEC);
    send_descriptor(options.control, static_cast<int>(syscall(SYS_pidfd_open, program, 0)));
  }
  grader::LaunchReport report;
  while (wait4(-1, &report.status, 0, &report.usage) != program) {
  }
  kill_descendants();
  if (options.control >= 0) {
    return send(options.control, &report, sizeof report, MSG_NOSIGNAL) == sizeof report ? 0 : 126;
  }
  return WIFEXITED(report.status) ? WEXITSTATUS(report.status) : 128 + WTERMSIG(report.status);
}
