#pragma once

#include <sys/types.h>

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "harness/broker.hpp"
#include "harness/descriptor.hpp"

namespace grader {

/// What lies in the state folder of a broker. Only its owner can read it.
struct BrokerFiles {
  std::filesystem::path folder;

  [[nodiscard]] std::filesystem::path lock() const { return folder / "lock"; }
  [[nodiscard]] std::filesystem::path state() const { return folder / "state.json"; }
  [[nodiscard]] std::filesystem::path data() const {
    return folder / "data";
  }  ///< Kafka's log folder: the topics.
  [[nodiscard]] std::filesystem::path logs() const { return folder / "logs"; }
  [[nodiscard]] std::filesystem::path server_log() const { return logs() / "server.log"; }
  [[nodiscard]] std::filesystem::path request_log() const { return logs() / "requests.log"; }
  [[nodiscard]] std::filesystem::path java_log() const { return logs() / "java.log"; }
  [[nodiscard]] std::filesystem::path keeper_log() const { return logs() / "keeper.log"; }
  [[nodiscard]] std::filesystem::path used() const {
    return folder / "used";
  }  ///< Its time: see touch_broker.
  [[nodiscard]] std::filesystem::path last_end() const {
    return folder / "last-end";
  }  ///< Why it is not running.
};

/// Who holds a broker's lock file: each process has a byte of it.
enum class Holder : off_t { keeper = 0, java = 1 };

/// A byte of the lock file, held until the descriptor and all its copies are closed: when the process
/// and whoever inherited it are gone, in whatever way. This, and no process id, tells who is alive.
///
/// These are locks of the open file (fcntl(2), F_OFD_SETLK) rather than flock(2), because one can ask
/// about them without taking them: a look at a broker must not stand in the way of one that starts.
class BrokerLock {
 public:
  /// Nothing if somebody else has it.
  static std::optional<BrokerLock> try_to_get(const BrokerFiles& files, Holder holder);

  /// Whether anybody has it.
  static bool is_held(const BrokerFiles& files, Holder holder);

  [[nodiscard]] int descriptor() const { return file_.get(); }

  /// Whether the lock file is still the one that others will look at: false if the folder was deleted.
  [[nodiscard]] bool in_place(const BrokerFiles& files) const;

  /// Writes this process's id into the lock file, and reads what was written there.
  void sign() const;
  static std::optional<pid_t> signature(const BrokerFiles& files);

 private:
  explicit BrokerLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

/// Writes state.json whole or not at all. Throws `InfraError`.
void write_state(const BrokerFiles& files, const Broker& broker);

/// What state.json says; nothing if it is missing or not readable as a whole.
std::optional<Broker> read_state(const BrokerFiles& files);

/// A broker as it stands in a state file, and back (`logs` is not in it). Throws
/// `nlohmann::json::exception` when something is missing.
nlohmann::json to_json(const Broker& broker);
Broker broker_from(const nlohmann::json& json);

/// Writes a state file whole or not at all. Throws `InfraError`.
void write_state_file(const BrokerFiles& files, const nlohmann::json& json);

/// Creates `file` with `text`, readable by the owner only, in one step. Throws `InfraError`.
void write_private(const std::filesystem::path& file, const std::string& text);

/// "can't WHAT FILE: why (and what to do if the disk is full)", from errno.
std::string file_error(const std::string& what, const std::filesystem::path& file, int error);

}  // namespace grader
