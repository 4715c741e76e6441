#include "harness/broker_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

struct flock byte_of(Holder holder) {
  struct flock byte {};
  byte.l_type = F_WRLCK;
  byte.l_whence = SEEK_SET;
  byte.l_start = static_cast<off_t>(holder);
  byte.l_len = 1;
  return byte;
}

nlohmann::json to_json(const Principal& principal) {
  return {{"user", principal.user}, {"password", principal.password}};
}

Principal principal_from(const nlohmann::json& json) {
  return {.user = json.at("user").get<std::string>(), .password = json.at("password").get<std::string>()};
}

}  // namespace

std::optional<BrokerLock> BrokerLock::try_to_get(const BrokerFiles& files, Holder holder) {
  Descriptor file(open(files.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) throw InfraError(file_error("open", files.lock(), errno));
  struct flock byte = byte_of(holder);
  if (fcntl(file.get(), F_OFD_SETLK, &byte) == 0) return BrokerLock(std::move(file));
  if (errno == EAGAIN || errno == EACCES) return std::nullopt;
  throw InfraError(file_error("lock", files.lock(), errno));
}

bool BrokerLock::is_held(const BrokerFiles& files, Holder holder) {
  const Descriptor file(open(files.lock().c_str(), O_RDWR | O_CLOEXEC));
  if (!file.valid()) return false;
  struct flock byte = byte_of(holder);
  return fcntl(file.get(), F_OFD_GETLK, &byte) == 0 && byte.l_type != F_UNLCK;
}

bool BrokerLock::in_place(const BrokerFiles& files) const {
  struct stat held {};
  struct stat named {};
  return fstat(file_.get(), &held) == 0 && stat(files.lock().c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

void BrokerLock::sign() const {
  const std::string text = std::to_string(getpid()) + '\n';
  if (ftruncate(file_.get(), 0) != 0 ||
      pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw InfraError(std::string("can't write the broker's lock file: ") +
                     std::generic_category().message(errno));
  }
}

std::optional<pid_t> BrokerLock::signature(const BrokerFiles& files) {
  const std::string text = read_text(files.lock());
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  const bool whole = error == std::errc() && end != text.data() + text.size() && *end == '\n';
  return whole && pid > 0 ? std::optional(pid) : std::nullopt;
}

nlohmann::json to_json(const Broker& broker) {
  nlohmann::json users = nlohmann::json::array();
  for (const auto& user : broker.check_users) users.push_back(to_json(user));
  const auto started =
      std::chrono::duration_cast<std::chrono::milliseconds>(broker.started_at.time_since_epoch());
  return {{"keeper_pid", broker.keeper_pid},     {"java_pid", broker.java_pid},
          {"learner_port", broker.learner_port}, {"grader_port", broker.grader_port},
          {"admin", to_json(broker.admin)},      {"check_users", users},
          {"started_at_ms", started.count()},    {"idle_limit_s", broker.idle_limit.count()}};
}

Broker broker_from(const nlohmann::json& json) {
  Broker broker{.keeper_pid = json.at("keeper_pid").get<int>(),
                .java_pid = json.at("java_pid").get<int>(),
                .learner_port = json.at("learner_port").get<int>(),
                .grader_port = json.at("grader_port").get<int>(),
                .admin = principal_from(json.at("admin")),
                .check_users = {},
                .logs = {},
                .started_at = std::chrono::system_clock::time_point(
                    std::chrono::milliseconds(json.at("started_at_ms").get<std::int64_t>())),
                .idle_limit = std::chrono::seconds(json.at("idle_limit_s").get<std::int64_t>())};
  for (const auto& user : json.at("check_users")) broker.check_users.push_back(principal_from(user));
  return broker;
}

void write_state_file(const BrokerFiles& files, const nlohmann::json& json) {
  const fs::path draft = files.state().string() + ".new";
  write_private(draft, json.dump(1) + '\n');
  if (rename(draft.c_str(), files.state().c_str()) != 0)
    throw InfraError(file_error("write", files.state(), errno));
}

void write_state(const BrokerFiles& files, const Broker& broker) {
  write_state_file(files, to_json(broker));
}

std::optional<Broker> read_state(const BrokerFiles& files) {
  try {
    Broker broker = broker_from(nlohmann::json::parse(read_text(files.state())));
    broker.logs = files.logs();
    return broker;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

void write_private(const fs::path& file, const std::string& text) {
  fs::remove(file);  // an old file keeps its mode, and whoever has it open goes on reading it
  const Descriptor out(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out.valid()) throw InfraError(file_error("write", file, errno));
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size = write(out.get(), text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) throw InfraError(file_error("write", file, errno));
    done += static_cast<std::size_t>(size);
  }
}

std::string file_error(const std::string& what, const fs::path& file, int error) {
  std::string text = "can't " + what + ' ' + file.string() + ": " + std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT) text += ". Make room on that disk and start again.";
  if (error == EACCES || error == EROFS)
    text += ". COURSE_STATE_DIR names another folder for the broker's files.";
  return text;
}

}  // namespace grader
