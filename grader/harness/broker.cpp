#include "harness/broker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "harness/broker_java.hpp"
#include "harness/broker_state.hpp"
#include "harness/infra_error.hpp"
#include "harness/keeper_start.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> keeper_command(const Paths& paths, const BrokerFiles& files,
                                        const BrokerOptions& options, const KafkaInstallation& kafka) {
  auto command = keep_command(paths, "broker", files, kafka, options.idle_limit);
  if (!options.learner_listener) command.emplace_back("--no-learner-listener");
  return command;
}

/// The broker that runs already, if it is what the caller wants.
Broker checked(const Broker& broker, const fs::path& folder, const BrokerOptions& options) {
  if (options.learner_listener != (broker.learner_port != 0)) {
    throw InfraError(fmt::format(
        "the broker in {} runs {} a listener for learners, contrary to what is needed here; stop it first",
        folder.string(), broker.learner_port != 0 ? "with" : "without"));
  }
  touch_broker(folder);
  return broker;
}

}  // namespace

std::optional<Broker> running_broker(const fs::path& folder) {
  const BrokerFiles files{fs::absolute(folder)};
  if (!BrokerLock::is_held(files, Holder::keeper) || !BrokerLock::is_held(files, Holder::java))
    return std::nullopt;
  return read_state(files);
}

Broker start_broker(const Paths& paths, const fs::path& folder, const BrokerOptions& options) {
  if (const auto broker = running_broker(folder)) return checked(*broker, folder, options);
  const BrokerFiles files = make_keeper_folder(folder);
  const KafkaInstallation kafka = prepare_kafka(paths);
  touch_broker(files.folder);
  start_keeper(keeper_command(paths, files, options, kafka), files, "broker",
               [&] { return running_broker(files.folder).has_value(); });
  const auto broker = running_broker(files.folder);
  if (!broker) throw InfraError("the broker ended right after its start; see " + files.keeper_log().string());
  return checked(*broker, folder, options);
}

bool stop_broker(const fs::path& folder) {
  return stop_keeper({folder}, "broker");
}

void touch_broker(const fs::path& folder) {
  const Descriptor file(open(BrokerFiles{folder}.used().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (file.valid()) futimens(file.get(), nullptr);
}

}  // namespace grader
