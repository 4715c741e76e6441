#include "harness/broker_autopsy.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <sstream>
#include <vector>

#include "harness/text_file.hpp"

namespace grader {
namespace {

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line.substr(0, 300));
  }
  return lines;
}

/// The lines that say what went wrong; without such, the last ones.
std::string telling_lines(const std::string& log) {
  constexpr std::size_t limit = 8;
  const auto lines = lines_of(log);
  std::vector<std::string> telling;
  std::ranges::copy_if(lines, std::back_inserter(telling), [](const std::string& line) {
    const bool trace = line.starts_with("\tat ");
    return !trace && (contains(line, " ERROR ") || contains(line, " FATAL ") || contains(line, "Exception") ||
                      contains(line, "Error:") || contains(line, "Error occurred"));
  });
  const auto& chosen = telling.empty() ? lines : telling;
  std::string text;
  for (std::size_t i = chosen.size() > limit ? chosen.size() - limit : 0; i < chosen.size(); ++i) {
    text += (text.empty() ? "  " : "\n  ") + chosen[i];
  }
  return text.empty() ? "  (it wrote nothing)" : text;
}

std::string manner(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    return "was killed (signal 9), by somebody or by the system for lack of memory";
  }
  if (WIFSIGNALED(status)) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): each thread has a buffer of its own since glibc 2.32
    return fmt::format("was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  }
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace

Autopsy examine(const BrokerFiles& files, std::uintmax_t log_start, int status) {
  std::error_code error;
  const bool rotated = std::filesystem::file_size(files.server_log(), error) < log_start;
  const std::string log =
      read_text(files.server_log(), rotated ? 0 : log_start) + read_text(files.java_log());
  if (contains(log, "Address already in use")) {
    return {.text = "another program took one of the broker's ports while it started", .port_taken = true};
  }
  // On a full disk there may be no room for the log that would say so.
  const auto space = std::filesystem::space(files.folder, error);
  const bool no_room = !error && space.available < 100'000;
  if (no_room || contains(log, "No space left on device") || contains(log, "Disk quota exceeded")) {
    return {.text =
                fmt::format("the disk with {} is full, and the broker ended. Make room and start again; the "
                            "topics are kept.\n{}",
                            files.folder.string(), telling_lines(log))};
  }
  if (contains(log, "OutOfMemoryError") ||
      contains(log, "There is insufficient memory for the Java Runtime") ||
      contains(log, "Could not reserve enough space")) {
    return {.text = fmt::format("Java did not get the memory that it needs (about 400 MB are enough).\n{}",
                                telling_lines(log))};
  }
  return {.text = fmt::format("the broker {}. Its last words:\n{}\nAll of them are in {}", manner(status),
                              telling_lines(log), files.server_log().string())};
}

}  // namespace grader
