#include "tool/saves.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "harness/infra_error.hpp"

namespace grader {

Saves::Saves(const std::vector<std::filesystem::path>& folders)
    : inotify_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  for (const auto& folder : folders) {
    const int watch = inotify_add_watch(inotify_.get(), folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
    if (watch < 0)
      throw InfraError(
          fmt::format("can't watch {}: {}", folder.string(), std::generic_category().message(errno)));
    folders_[watch] = folder;
  }
}

std::vector<std::filesystem::path> Saves::take() {
  std::vector<std::filesystem::path> files;
  alignas(inotify_event) std::array<char, 16384> buffer{};
  for (ssize_t size = 0; (size = read(inotify_.get(), buffer.data(), buffer.size())) > 0;) {
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      if (const auto folder = folders_.find(event->wd); folder != folders_.end() && event->len > 0)
        files.push_back(folder->second / event->name);
    }
  }
  return files;
}

}  // namespace grader
