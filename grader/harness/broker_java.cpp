#include "harness/broker_java.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <system_error>

#include "harness/descriptor.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

struct Pipe {
  Descriptor reading;
  Descriptor writing;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw InfraError(std::string("no pipe: ") + std::generic_category().message(errno));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// What prepare.sh says on stderr: its progress goes on to our stderr while it works; its last words,
/// when it gives up, become the text of the error instead.
class Progress {
 public:
  void add(std::string_view text) {
    line_ += text;
    for (auto end = line_.find('\n'); end != std::string::npos; end = line_.find('\n')) {
      const std::string line = line_.substr(0, end + 1);
      line_.erase(0, end + 1);
      if (!error_.empty() || line.find("cannot prepare") != std::string::npos) {
        error_ += line;
      } else {
        (void)!write(STDERR_FILENO, line.data(), line.size());
      }
    }
  }
  [[nodiscard]] std::string error() const {
    const std::string text = error_ + line_;
    return text.substr(0, text.find_last_not_of('\n') + 1);
  }

 private:
  std::string line_;
  std::string error_;
};

/// Reads both pipes to their ends.
void read_both(const Pipe& output, const Pipe& errors, std::string& text, Progress& progress) {
  std::array<pollfd, 2> polled{{{.fd = output.reading.get(), .events = POLLIN, .revents = 0},
                                {.fd = errors.reading.get(), .events = POLLIN, .revents = 0}}};
  std::array<char, 4096> buffer{};
  for (int open = 2; open > 0;) {
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) break;
    for (auto& one : polled) {
      if (one.revents == 0) continue;
      const ssize_t size = read(one.fd, buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) {
        one.fd = -1;  // poll leaves it out from now on
        one.revents = 0;
        --open;
      } else if (one.fd == output.reading.get()) {
        text.append(buffer.data(), static_cast<std::size_t>(size));
      } else {
        progress.add({buffer.data(), static_cast<std::size_t>(size)});
      }
    }
  }
}

std::string value_of(const std::string& name, const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + '=')) return line.substr(name.size() + 1);
  }
  throw InfraError("infra/prepare.sh did not say where " + name + " is; it said:\n" + output);
}

}  // namespace

KafkaInstallation prepare_kafka(const Paths& paths) {
  std::string script = (paths.root / "infra/prepare.sh").string();
  Pipe output = make_pipe();
  Pipe errors = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.writing.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.writing.get(), STDERR_FILENO);
  // A caller that handles Ctrl+C itself has blocked it; the script must still be stopped by it.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const std::array<char*, 2> arguments{script.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawn(&child, script.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw InfraError("can't run " + script + ": " + std::generic_category().message(error));
  output.writing.reset();
  errors.writing.reset();

  std::string text;
  Progress progress;
  read_both(output, errors, text, progress);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) > 128)
    throw InfraError("preparing the broker was interrupted; start again to go on");
  if (WEXITSTATUS(status) != 0) {
    const std::string said = progress.error();
    throw InfraError(said.empty() ? "infra/prepare.sh failed without a word; run it by hand to see more"
                                  : said);
  }
  return {.java = value_of("JAVA", text), .prepared = value_of("KAFKA_PREPARED", text)};
}

std::vector<std::string> java_environment() {
  constexpr std::array dropped{
      "JAVA_TOOL_OPTIONS=", "_JAVA_OPTIONS=", "JDK_JAVA_OPTIONS=", "CLASSPATH=", "LC_ALL="};
  std::vector<std::string> environment{"LC_ALL=C.UTF-8"};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    bool keep = true;
    for (const auto* name : dropped) keep = keep && !text.starts_with(name);
    if (keep) environment.emplace_back(text);
  }
  return environment;
}

}  // namespace grader
