#include "tool/broker_logs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "harness/infra_error.hpp"

namespace grader {
namespace {

/// Prints text as it comes, by whole lines. Lines of the request log are left their JSON only, so that
/// they can be given to jq as they are.
class LinePrinter {
 public:
  explicit LinePrinter(bool requests) : requests_(requests) {}

  void add(std::string_view text) {
    rest_ += text;
    std::size_t begin = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
      print({rest_.data() + begin, end - begin});
      begin = end + 1;
    }
    rest_.erase(0, begin);
    std::fflush(stdout);
  }

 private:
  void print(std::string_view line) const {
    constexpr std::string_view prefix = "Completed request:";
    if (requests_ && line.starts_with(prefix)) line.remove_prefix(prefix.size());
    fmt::print("{}\n", line);
  }

  bool requests_;
  std::string rest_;
};

/// Where the last `lines` lines of an open file begin.
off_t start_of_last_lines(int file, std::size_t lines) {
  std::array<char, 65536> block{};
  off_t end = lseek(file, 0, SEEK_END);
  for (std::size_t found = 0; end > 0;) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(block.size()));
    const ssize_t size = pread(file, block.data(), static_cast<std::size_t>(end - begin), begin);
    for (ssize_t i = size; i-- > 0;) {
      if (block.at(static_cast<std::size_t>(i)) == '\n' && ++found > lines) return begin + i + 1;
    }
    end = begin;
  }
  return 0;
}

void print_from(int file, LinePrinter& printer) {
  std::array<char, 65536> block{};
  for (ssize_t size = 0; (size = read(file, block.data(), block.size())) > 0;) {
    printer.add({block.data(), static_cast<std::size_t>(size)});
  }
}

/// The file has been moved away, and its name stands for a new one.
bool was_rotated(int file, const std::filesystem::path& path) {
  struct stat open_file {};
  struct stat named {};
  return fstat(file, &open_file) == 0 && stat(path.c_str(), &named) == 0 && open_file.st_ino != named.st_ino;
}

}  // namespace

int show_logs(const BrokerFiles& files, const LogOptions& options) {
  const auto path = options.requests ? files.request_log() : files.server_log();
  if (!std::filesystem::exists(path) && !options.follow) {
    throw InfraError("there is no " + path.string() +
                     ": the broker has not been started yet (./course broker start)");
  }
  const Descriptor changes(inotify_init1(IN_CLOEXEC));
  std::filesystem::create_directories(files.logs());
  inotify_add_watch(changes.get(), files.logs().c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO);
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  LinePrinter printer(options.requests);
  if (file.valid()) {
    lseek(file.get(), start_of_last_lines(file.get(), options.lines), SEEK_SET);
    print_from(file.get(), printer);
  }
  while (options.follow) {
    std::array<char, 4096> events{};
    if (read(changes.get(), events.data(), events.size()) <= 0) break;  // waits for a change
    if (file.valid()) print_from(file.get(), printer);
    if (!file.valid() || was_rotated(file.get(), path)) {
      file.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (file.valid()) print_from(file.get(), printer);
    }
  }
  return 0;
}

}  // namespace grader
