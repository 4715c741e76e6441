#include "evidence/request_log.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>

#include "harness/descriptor.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

ino_t inode_of(const std::filesystem::path& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::string header_field(const nlohmann::json& json, const char* name) {
  const auto header = json.find("requestHeader");
  return header == json.end() ? "" : header->value(name, "");
}

}  // namespace

std::string Request::api() const {
  return header_field(json, "requestApiKeyName");
}
std::string Request::client_id() const {
  return header_field(json, "clientId");
}
std::string Request::principal() const {
  return json.value("principal", "");
}
std::string Request::connection() const {
  return json.value("connection", "");
}

RequestLog::RequestLog(std::filesystem::path path, std::string filter)
    : path_(std::move(path)),
      filter_(std::move(filter)),
      file_(path_, std::ios::binary),
      inode_(inode_of(path_)) {
  if (!file_)
    throw InfraError("the broker's request log " + path_.string() +
                     " can't be read; try ./course broker reset");
  file_.seekg(0, std::ios::end);
}

const std::vector<Request>& RequestLog::read() {
  const ino_t now = inode_of(path_);
  read_lines(file_);
  if (now != 0 &&
      now != inode_) {  // rolled over: the rest of the old file has been read, go on with the new one
    file_ = std::ifstream(path_, std::ios::binary);
    inode_ = now;
    read_lines(file_);
  }
  return requests_;
}

void RequestLog::read_lines(std::ifstream& file) {
  std::string chunk(1U << 16U, '\0');
  for (file.clear();
       file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), file.gcount() > 0;) {
    partial_.append(chunk, 0, static_cast<std::size_t>(file.gcount()));
    std::size_t start = 0;
    for (auto end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n', start)) {
      const std::string_view line(partial_.data() + start, end - start);
      start = end + 1;
      const auto json = line.find('{');
      if (json == std::string_view::npos || line.find(filter_) == std::string_view::npos) continue;
      auto parsed = nlohmann::json::parse(line.substr(json), nullptr, false);
      if (parsed.is_object()) requests_.push_back({std::move(parsed)});
    }
    partial_.erase(0, start);
    file.clear();
  }
}

bool RequestLog::wait_for(const std::function<bool(const Request&)>& wanted,
                          std::chrono::steady_clock::time_point deadline) {
  const Descriptor watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  inotify_add_watch(watch.get(), path_.parent_path().c_str(), IN_MODIFY | IN_CREATE);
  while (std::ranges::none_of(read(), wanted)) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd polled{.fd = watch.get(), .events = POLLIN, .revents = 0};
    poll(&polled, 1, static_cast<int>(left));
    std::string events(4096, '\0');
    while (::read(watch.get(), events.data(), events.size()) > 0) {
    }
  }
  return true;
}

}  // namespace grader
