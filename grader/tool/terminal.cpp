#include "tool/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace grader {

Terminal::Terminal() : interactive_(isatty(STDOUT_FILENO) == 1) {
  const auto variable = [](const char* name) {
    const char* value =
        std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables at run time
    return std::string_view(value == nullptr ? "" : value);
  };
  erases_ = interactive_ && variable("TERM") != "dumb";
  colours_ = erases_ && variable("NO_COLOR").empty();
  winsize size{};
  if (interactive_ && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    width_ = std::clamp<std::size_t>(size.ws_col, 40, 120);
  }
}

void Terminal::progress(const std::string& text) const {
  if (!erases_) return;
  fmt::print("\r\x1b[K{}", text.substr(0, width_ - 1));
  std::fflush(stdout);
}

void Terminal::end_progress() const {
  if (!erases_) return;
  fmt::print("\r\x1b[K");
  std::fflush(stdout);
}

std::string Terminal::coloured(const char* code, const std::string& text) const {
  return colours_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}

}  // namespace grader
