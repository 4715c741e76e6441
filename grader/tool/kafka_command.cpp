// course kafka: Kafka's own command-line tools, quickly, against the course's broker.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "grading/check_list.hpp"
#include "harness/broker_java.hpp"
#include "harness/broker_state.hpp"
#include "tool/broker_access.hpp"
#include "tool/commands.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

/// Where a tool wants the options that say which cluster is meant.
enum class Place { first, last, nowhere };

struct Tool {
  std::string_view name;  ///< That of Kafka's script, bin/kafka-NAME.sh, without "kafka-".
  std::string_view main_class;
  std::string_view what;
  Place options = Place::first;
  bool benchmark = false;  ///< Runs long and hot: gets Java's full compiler and more memory.
};

constexpr std::array tools{
    Tool{"topics", "org.apache.kafka.tools.TopicCommand", "create, list, describe, alter and delete topics"},
    Tool{"console-producer", "org.apache.kafka.tools.ConsoleProducer", "send lines from the terminal"},
    Tool{"console-consumer", "org.apache.kafka.tools.consumer.ConsoleConsumer", "print records"},
    Tool{"consumer-groups", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
         "list groups, show members and lag, reset offsets"},
    Tool{"configs", "kafka.admin.ConfigCommand", "show and change settings of topics, brokers and users"},
    Tool{"get-offsets", "org.apache.kafka.tools.GetOffsetShell", "first and last offsets of partitions"},
    Tool{"delete-records", "org.apache.kafka.tools.DeleteRecordsCommand", "delete the oldest records"},
    Tool{"producer-perf-test", "org.apache.kafka.tools.ProducerPerformance", "measure sending", Place::first,
         true},
    Tool{"consumer-perf-test", "org.apache.kafka.tools.ConsumerPerformance", "measure reading", Place::first,
         true},
    Tool{"transactions", "org.apache.kafka.tools.TransactionsCommand",
         "list, describe and abort transactions"},
    Tool{"acls", "org.apache.kafka.tools.AclCommand", "who may do what"},
    Tool{"dump-log", "org.apache.kafka.tools.DumpLogSegments",
         "print the files of a partition (--files FILE)", Place::nowhere},
    Tool{"groups", "org.apache.kafka.tools.GroupsCommand", "list groups of all kinds"},
    Tool{"share-groups", "org.apache.kafka.tools.consumer.group.ShareGroupCommand", "share groups (queues)"},
    Tool{"console-share-consumer", "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
         "print records as a share group"},
    Tool{"streams-groups", "org.apache.kafka.tools.streams.StreamsGroupCommand", "groups of Kafka Streams"},
    Tool{"metadata-quorum", "org.apache.kafka.tools.MetadataQuorumCommand", "the controllers and their log"},
    Tool{"features", "org.apache.kafka.tools.FeatureCommand", "feature levels of the cluster"},
    Tool{"log-dirs", "org.apache.kafka.tools.LogDirsCommand", "disk space by partition"},
    Tool{"cluster", "org.apache.kafka.tools.ClusterTool", "the cluster's id and its brokers", Place::last},
    Tool{"broker-api-versions", "org.apache.kafka.tools.BrokerApiVersionsCommand",
         "the protocol versions that brokers know"},
    Tool{"leader-election", "org.apache.kafka.tools.LeaderElectionCommand", "choose leaders anew"},
    Tool{"reassign-partitions", "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
         "move partitions"},
    Tool{"verifiable-producer", "org.apache.kafka.tools.VerifiableProducer",
         "numbered records, results as JSON", Place::first, true},
    Tool{"verifiable-consumer", "org.apache.kafka.tools.VerifiableConsumer", "what arrives, as JSON",
         Place::first, true},
};

const Tool& find_tool(std::string name) {
  // As the scripts are called elsewhere: kafka-topics.sh, kafka-topics.
  if (name.ends_with(".sh")) name.erase(name.size() - 3);
  if (name.starts_with("kafka-")) name.erase(0, 6);
  const auto* found = std::ranges::find(tools, name, &Tool::name);
  if (found != tools.end()) return *found;
  std::vector<std::string> names;
  for (const auto& tool : tools) names.emplace_back(tool.name);
  const auto meant = did_you_mean(name, names);
  throw std::invalid_argument(fmt::format("there is no tool '{}'{} (./course kafka lists them)", name,
                                          meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant)));
}

void print_list() {
  const Terminal terminal;
  fmt::print(
      "Kafka's own command-line tools, for this checkout's broker:\n\n  ./course kafka TOOL ARGUMENTS…\n\n");
  for (const auto& tool : tools) {
    fmt::print("  {}  {}\n", terminal.strong(fmt::format("{:<22}", tool.name)), tool.what);
  }
  fmt::print(
      "\n--bootstrap-server is added unless you give it. With KAFKA_BOOTSTRAP_SERVERS set, that cluster is "
      "asked.\n"
      "TOOL --help shows the tool's own options.\n");
}

bool gives(const std::vector<std::string>& arguments, std::initializer_list<std::string_view> options) {
  return std::ranges::any_of(arguments, [&](const std::string& argument) {
    return std::ranges::any_of(options, [&](std::string_view option) {
      return argument == option || argument.starts_with(std::string(option) + '=');
    });
  });
}

/// A value as a file of Java properties holds it.
std::string escaped(const std::string& value) {
  std::string text;
  for (const char letter : value) {
    if (letter == '\\') text += '\\';
    text += letter;
  }
  return text;
}

/// A value within quotes in a JAAS line within a properties file.
std::string quoted(const std::string& value) {
  std::string text;
  for (const char letter : value) {
    if (letter == '\\' || letter == '"') text += '\\';
    text += letter;
  }
  return '"' + escaped(text) + '"';
}

/// The security settings of the environment, with which the grader also reaches such a cluster (see
/// evidence/cluster.hpp), in Java's words. Empty without any.
std::string security_properties() {
  std::string text;
  const auto add = [&text](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{}={}\n", name, escaped(value));
  };
  const std::string mechanism = variable("KAFKA_SASL_MECHANISM");
  const std::string user = variable("KAFKA_SASL_USERNAME");
  add("security.protocol", variable("KAFKA_SECURITY_PROTOCOL"));
  add("sasl.mechanism", mechanism);
  if (!user.empty()) {
    text += fmt::format(
        "sasl.jaas.config=org.apache.kafka.common.security.{} required username={} password={};\n",
        mechanism.starts_with("SCRAM") ? "scram.ScramLoginModule" : "plain.PlainLoginModule", quoted(user),
        quoted(variable("KAFKA_SASL_PASSWORD")));
  }
  if (const auto authority = variable("KAFKA_SSL_CA_LOCATION"); !authority.empty()) {
    add("ssl.truststore.type", "PEM");
    add("ssl.truststore.location", authority);
  }
  return text;
}

/// The options that name the cluster, unless the arguments do or ask for help only.
std::vector<std::string> cluster_options(const Paths& paths, const Tool& tool,
                                         const std::vector<std::string>& arguments) {
  if (tool.options == Place::nowhere || gives(arguments, {"--help", "--version", "-h"})) return {};
  if (gives(arguments, {"--bootstrap-server", "--bootstrap-controller"})) return {};
  std::vector<std::string> options{"--bootstrap-server", bootstrap_servers(paths)};
  const std::string security = variable("KAFKA_BOOTSTRAP_SERVERS").empty() ? "" : security_properties();
  if (!security.empty() &&
      !gives(arguments, {"--command-config", "--producer.config", "--consumer.config"})) {
    const fs::path file = paths.state / "kafka-tools.properties";
    write_private(file, security);
    options.insert(options.end(), {"--command-config", file.string()});
  }
  return options;
}

int run_kafka(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h" ||
      arguments.front() == "help") {
    print_list();
    return 0;
  }
  const Paths paths = Paths::of_this_checkout();
  const Tool& tool = find_tool(arguments.front());
  arguments.erase(arguments.begin());
  const auto options = cluster_options(paths, tool, arguments);

  const auto kafka = prepare_kafka(paths);
  auto command = kafka.java_command();
  // An archive of the tools' own classes saves another tenth of a second.
  if (const auto archive = kafka.prepared / "tools.jsa"; fs::exists(archive)) {
    command.push_back("-XX:SharedArchiveFile=" + archive.string());
  }
  if (tool.benchmark) command.insert(command.end(), {"-XX:TieredStopAtLevel=4", "-Xmx512m"});
  command.push_back("-Dlog4j2.configurationFile=" + (paths.root / "infra/tools-log4j2.properties").string());
  command.emplace_back(tool.main_class);
  if (tool.options == Place::first) command.insert(command.end(), options.begin(), options.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  if (tool.options == Place::last) command.insert(command.end(), options.begin(), options.end());
  become(command, java_environment());
}

}  // namespace

void add_kafka_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("kafka", "Kafka's own tools: ./course kafka topics --list");
  command->prefix_command();  // whatever follows is the tool's, options too
  command->set_help_flag();   // --help after a tool's name is the tool's
  command->set_help_all_flag();
  command->callback([command, &exit_code] { exit_code = run_kafka(command->remaining()); });
}

}  // namespace grader
