// Broker start: ours against the same jars with the flags, properties and logging of Kafka's distribution.

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <memory>
#include <numeric>
#include <thread>

#include "bench/scene.hpp"
#include "harness/broker_config.hpp"
#include "harness/broker_java.hpp"
#include "harness/broker_probe.hpp"
#include "harness/broker_process.hpp"
#include "harness/broker_state.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// config/server.properties as distributed, but for ports and folder.
constexpr auto* default_properties = R"(process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:{controller}
listeners=PLAINTEXT://localhost:{broker},CONTROLLER://localhost:{controller}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=data
num.partitions=1
num.recovery.threads.per.data.dir=2
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
)";

/// config/log4j2.yaml as distributed: everything at INFO to stdout and to a file.
constexpr auto* default_logging = R"(status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %m (%c)%n
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = server-default.log
appender.file.filePattern = server-default.log.%d{yyyy-MM-dd-HH}
appender.file.policies.type = TimeBasedTriggeringPolicy
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
rootLogger.appenderRef.file.ref = file
)";

/// Whether the broker there tells its cluster: the first real answer that a client can get.
bool answers(int port) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 256> error{};
  const std::string address = fmt::format("localhost:{}", port);
  rd_kafka_conf_set(conf, "bootstrap.servers", address.c_str(), error.data(), error.size());
  rd_kafka_conf_set(conf, "log_level", "0", error.data(), error.size());
  const std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> client(
      rd_kafka_new(RD_KAFKA_PRODUCER, conf, error.data(), error.size()), rd_kafka_destroy);
  if (!client) throw InfraError(std::string("no client: ") + error.data());
  const struct rd_kafka_metadata* metadata = nullptr;
  if (rd_kafka_metadata(client.get(), 1, nullptr, &metadata, 1000) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  const bool known = metadata->broker_cnt > 0;
  rd_kafka_metadata_destroy(metadata);
  return known;
}

/// A broker as Kafka's own scripts format and start it.
class DefaultBroker {
 public:
  DefaultBroker(const Scene& scene, const KafkaInstallation& kafka)
      : scene_(scene), kafka_(kafka), folder_(scene.paths.state / "default-broker") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::vector<std::string> jars;
    for (const auto& file : fs::directory_iterator(kafka.prepared.parent_path() / "libs")) {
      jars.push_back(file.path().string());
    }
    std::ranges::sort(jars);
    class_path_ = std::accumulate(jars.begin(), jars.end(), std::string(),
                                  [](const auto& all, const auto& one) { return all + ':' + one; });
    const Ports ports = free_ports(true, false);
    port_ = ports.learner;
    write_private(folder_ / "server.properties", fmt::format(default_properties, fmt::arg("broker", port_),
                                                             fmt::arg("controller", ports.controller)));
    write_private(folder_ / "log4j2.properties", default_logging);
  }
  ~DefaultBroker() {
    broker_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  DefaultBroker(const DefaultBroker&) = delete;
  DefaultBroker& operator=(const DefaultBroker&) = delete;

  /// kafka-storage.sh format; returns the seconds it took.
  double format() {
    const auto started = Clock::now();
    auto child = java(
        {"-Xmx256M"},
        {"kafka.tools.StorageTool", "format", "-t", "kafka-course-benchAAAAA", "-c", "server.properties"},
        "format.log");
    wait_for(child, [&child] { return has_ended_within(child.process(), 100ms); });
    if (child.wait() != 0) throw InfraError("format failed: " + read_text(folder_ / "format.log"));
    return Seconds(Clock::now() - started).count();
  }

  /// kafka-server-start.sh; returns the seconds until the first answer.
  double start() {
    const auto started = Clock::now();
    broker_.emplace(
        java({"-Xmx1G", "-Xms1G", "-Xlog:gc*:file=kafkaServer-gc.log:time,tags:filecount=10,filesize=100M"},
             {"kafka.Kafka", "server.properties"}, "java.log"));
    wait_for(*broker_, [this] { return accepts_connections(port_) && answers(port_); });
    return Seconds(Clock::now() - started).count();
  }

  void stop() {
    broker_->signal(SIGTERM);
    has_ended_within(broker_->process(), 20s);
    broker_.reset();
  }

 private:
  /// As bin/kafka-run-class.sh does it.
  Child java(std::vector<std::string> flags, const std::vector<std::string>& words,
             const std::string& log) const {
    std::vector<std::string> command{kafka_.java.string()};
    std::ranges::move(flags, std::back_inserter(command));
    for (const auto* flag :
         {"-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
          "-XX:+ExplicitGCInvokesConcurrent", "-XX:MaxInlineLevel=15", "-Djava.awt.headless=true",
          "-Dcom.sun.management.jmxremote=true", "-Dcom.sun.management.jmxremote.authenticate=false",
          "-Dcom.sun.management.jmxremote.ssl=false", "-Dlog4j2.configurationFile=log4j2.properties",
          "-cp"}) {
      command.emplace_back(flag);
    }
    command.push_back(class_path_.substr(1));
    command.insert(command.end(), words.begin(), words.end());
    return Child(
        {.arguments = command, .environment = java_environment(), .folder = folder_, .log = folder_ / log});
  }

  template <typename Condition>
  void wait_for(const Child& child, const Condition& holds) const {
    for (const auto deadline = Clock::now() + 2min; !holds();) {
      if (scene_.stop.stop_requested()) throw InfraError("interrupted");
      if (Clock::now() > deadline) throw InfraError("the broker with default flags does not answer");
      if (has_ended_within(child.process(), 3ms)) break;
    }
  }

  const Scene& scene_;
  const KafkaInstallation& kafka_;
  fs::path folder_;
  std::string class_path_;
  int port_ = 0;
  std::optional<Child> broker_;
};

/// How long the broker was busy with its warm-up after its first answer, as its keeper noted.
double warm_up_of(const fs::path& broker) {
  const std::string log = read_text(BrokerFiles{broker}.keeper_log());
  const auto found = log.rfind("warm after ");
  return found == std::string::npos ? 0 : std::stod(log.substr(found + 11)) / 1000;
}

struct Series {
  std::vector<double> ours;  // to the first answer
  std::vector<double> warm;  // until start_broker returns
  std::vector<double> both;  // format and start
  std::vector<double> alone;
};

void start_ours(const Scene& scene, Series& series) {
  const auto started = Clock::now();
  const BenchBroker broker(scene);
  const double seconds = Seconds(Clock::now() - started).count();
  series.warm.push_back(seconds);
  series.ours.push_back(seconds - warm_up_of(scene.broker()));
}

void start_default(const Scene& scene, const KafkaInstallation& kafka, Series& series) {
  DefaultBroker broker(scene, kafka);
  const double format = broker.format();
  series.alone.push_back(broker.start());
  series.both.push_back(format + series.alone.back());
  broker.stop();
}

}  // namespace

Section measure_start(const Scene& scene) {
  const KafkaInstallation kafka = prepare_kafka(scene.paths);
  Series ignored;  // the first run of each reads the jars from the disk
  Series series;
  for (unsigned i = 0; i <= scene.runs; ++i) {
    scene.go_on(fmt::format("starting brokers {}/{}", i, scene.runs));
    Series& into = i == 0 ? ignored : series;
    if (i % 2 == 0) start_ours(scene, into);
    start_default(scene, kafka, into);
    if (i % 2 == 1) start_ours(scene, into);
  }
  const auto ratio = [&](const std::vector<double>& to) { return Summary::of(ratios(series.ours, to)); };
  return {.name = "start",
          .title = "Broker start, to the first answer to a client",
          .figures = {
              {.name = "ours, nothing there yet", .unit = "s", .measured = Summary::of(series.ours)},
              {.name = "default flags: format and start", .unit = "s", .measured = Summary::of(series.both)},
              {.name = "default flags: start alone", .unit = "s", .measured = Summary::of(series.alone)},
              {.name = "ours / format and start",
               .unit = "",
               .measured = ratio(series.both),
               .aim = Aim{Aim::Kind::at_most, 0.35}},
              {.name = "ours / start alone",
               .unit = "",
               .measured = ratio(series.alone),
               .aim = Aim{Aim::Kind::at_most, 0.45}},
              {.name = "ours until warm",
               .unit = "s",
               .measured = Summary::of(series.warm),
               .note = "`broker start` returns then: groups and transactions are ready too"}}};
}

}  // namespace grader
