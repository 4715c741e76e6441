// A million events of 100 bytes through three partitions: the reference solutions, a bare loop over
// librdkafka, Kafka's own tools, and confluent-kafka for Python, in turns on one broker.

#include <fmt/format.h>

#include <sstream>

#include "bench/scene.hpp"
#include "evidence/admin.hpp"
#include "evidence/cluster.hpp"
#include "harness/broker_java.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

constexpr int partitions = 3;
constexpr std::int64_t events = 1'000'000;

/// What all producers and consumers are told, beside the address. The names are those of librdkafka and
/// of Java alike.
const Environment producer_settings{
    {"acks", "all"}, {"enable.idempotence", "true"}, {"linger.ms", "5"}, {"batch.size", "1000000"}};
const Environment consumer_settings{
    {"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}, {"fetch.min.bytes", "1"}};

std::vector<std::string> words_of(const Environment& settings) {
  std::vector<std::string> words;
  for (const auto& [name, value] : settings) words.push_back(fmt::format("{}={}", name, value));
  return words;
}

struct Job {
  std::string topic;
  std::string group;
  std::string address;
};

/// A client under measurement. `run` returns events per second.
struct Contender {
  std::string name;
  std::function<double(const Job&)> run;
  std::optional<double> aim;  ///< What the reference should reach in comparison.
  std::string missing{};      ///< Why it can't be measured; empty if it can.
  std::vector<double> rates{};
};

/// A program of our own, which prints its seconds.
double rate_of(const Scene& scene, std::vector<std::string> command, const Job& job, Environment settings) {
  settings["bootstrap.servers"] = job.address;
  if (!job.group.empty()) settings["group.id"] = job.group;
  command.insert(command.end(), {job.topic, std::to_string(events)});
  const auto words = words_of(settings);
  command.insert(command.end(), words.begin(), words.end());
  const std::string output = run_well(scene, command).output;
  const auto found = output.find("seconds=");
  if (found == std::string::npos) throw InfraError("no figure in what a client printed: " + output);
  return static_cast<double>(events) / std::stod(output.substr(found + 8));
}

/// Java as Kafka's scripts start it for these tools.
std::vector<std::string> java_tool(const Scene& scene, const KafkaInstallation& kafka,
                                   const std::string& tool) {
  return {kafka.java.string(),
          "-Xmx512M",
          "-server",
          "-XX:+UseG1GC",
          "-XX:MaxGCPauseMillis=20",
          "-XX:InitiatingHeapOccupancyPercent=35",
          "-XX:+ExplicitGCInvokesConcurrent",
          "-Djava.awt.headless=true",
          "-Dlog4j2.configurationFile=" + (scene.paths.root / "infra/tools-log4j2.properties").string(),
          "-cp",
          (kafka.prepared.parent_path() / "libs").string() + "/*",
          "org.apache.kafka.tools." + tool};
}

/// "1000000 records sent, 223214.3 records/sec (21.29 MB/sec), …": the last such line is the total.
double producer_rate(const std::string& output) {
  const auto total = output.rfind(" records sent, ");
  if (total == std::string::npos)
    throw InfraError("no figure in what ProducerPerformance printed: " + output);
  return std::stod(output.substr(total + 15));
}

/// start, end, MB, MB/s, records, records/s, ms to join the group, ms to fetch, …
double consumer_rate(const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> fields;
    std::istringstream parts(line);
    for (std::string field; std::getline(parts, field, ',');) fields.push_back(field);
    if (fields.size() == 10 && std::stoll(fields[4]) >= events) return std::stod(fields[5]);
  }
  throw InfraError("no figure in what ConsumerPerformance printed: " + output);
}

struct Python {
  std::string interpreter;
  std::string missing;
};

Python find_python(const Scene& scene) {
  const fs::path venv = scene.paths.state.parent_path() / "bench-venv";
  std::vector<std::string> candidates{scene.python};
  if (scene.python.empty()) candidates = {(venv / "bin/python3").string(), "python3"};
  for (const auto& candidate : candidates) {
    if (candidate.find('/') != std::string::npos && !fs::exists(candidate)) continue;
    if (run(scene, {candidate, "-c", "import confluent_kafka"}).exit_code == 0) return {candidate, ""};
  }
  const std::string place = fs::proximate(venv, scene.paths.root).string();
  return {"", fmt::format("no confluent_kafka; python3 -m venv {0} && {0}/bin/pip install confluent-kafka",
                          place)};
}

/// One round after the other, each time beginning with another contender: drift of the machine, and what
/// one leaves behind for the next, fall equally on all.
void compete(const Scene& scene, std::vector<Contender>& contenders,
             const std::function<double(Contender&)>& once) {
  for (unsigned round = 0; round <= scene.runs; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      Contender& one = contenders[(i + round) % contenders.size()];
      if (!one.missing.empty()) continue;
      scene.go_on(fmt::format("{} {}/{}", one.name, round, scene.runs));
      try {
        const double rate = once(one);
        if (round > 0) one.rates.push_back(rate);  // the first round warms the broker
      } catch (const InfraError& error) {
        if (scene.stop.stop_requested()) throw;
        one.missing = error.what();
      }
    }
  }
}

std::vector<Figure> figures_of(const std::vector<Contender>& contenders) {
  std::vector<Figure> figures;
  for (const auto& one : contenders) {
    figures.push_back({.name = one.name,
                       .unit = "/s",
                       .measured = one.missing.empty() ? Summary::of(one.rates) : std::nullopt,
                       .note = one.missing});
  }
  const Contender& reference = contenders.front();
  for (const auto& one : contenders) {
    if (!one.aim) continue;
    const bool measured = one.missing.empty() && reference.missing.empty();
    figures.push_back({.name = "reference / " + one.name,
                       .unit = "",
                       .measured = measured ? Summary::of(ratios(reference.rates, one.rates)) : std::nullopt,
                       .aim = Aim{Aim::Kind::at_least, *one.aim},
                       .note = measured ? "" : "see above"});
  }
  return figures;
}

void check_count(Admin& admin, const std::string& topic) {
  std::int64_t count = 0;
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    const auto [first, next] = admin.watermarks({.topic = topic, .partition = partition});
    count += next - first;
  }
  if (count != events) throw InfraError(fmt::format("{} events arrived instead of {}", count, events));
}

std::vector<std::string> with_settings(std::vector<std::string> command, const Environment& settings) {
  for (const auto& word : words_of(settings)) {
    command.emplace_back("--command-property");
    command.push_back(word);
  }
  return command;
}

/// What is measured with each client.
struct Task {
  std::string verb;       ///< "produce"
  std::string reference;  ///< The exercise whose solution is compared with the others.
  std::string tool;       ///< Kafka's class in org.apache.kafka.tools.
  Environment settings;
  std::vector<std::string> java_options;
  std::function<double(const std::string&)> java_rate;  ///< Events per second, from what the tool prints.
};

fs::path bench_client(const Scene& scene) {
  return scene.paths.build / "bin/bench_client";
}

/// The reference first.
std::vector<Contender> clients(const Scene& scene, const Task& task) {
  const Python python = find_python(scene);
  const std::string client = bench_client(scene).string();
  const std::string script = (scene.paths.root / "grader/bench/clients/client.py").string();
  const auto with = [&](std::vector<std::string> command) {
    return [&scene, command = std::move(command), settings = task.settings](const Job& job) {
      return rate_of(scene, command, job, settings);
    };
  };
  const auto java = [&scene, task, kafka = prepare_kafka(scene.paths)](const Job& job) {
    auto command = java_tool(scene, kafka, task.tool);
    command.insert(command.end(), {"--bootstrap-server", job.address, "--topic", job.topic});
    if (!job.group.empty()) command.insert(command.end(), {"--group", job.group});
    command.insert(command.end(), task.java_options.begin(), task.java_options.end());
    return task.java_rate(run_well(scene, with_settings(std::move(command), task.settings)).output);
  };
  return {{.name = task.reference + " (reference)", .run = with({client, task.verb}), .aim = {}},
          {.name = "bare loop over librdkafka", .run = with({client, task.verb + "-bare"}), .aim = 0.9},
          {.name = "Kafka's " + task.tool, .run = java, .aim = 3},
          {.name = "confluent-kafka for Python",
           .run = with({python.interpreter, script, task.verb}),
           .aim = 2,
           .missing = python.missing}};
}

}  // namespace

Section measure_produce(const Scene& scene) {
  auto contenders = clients(scene, {.verb = "produce",
                                    .reference = "produce_events_batch",
                                    .tool = "ProducerPerformance",
                                    .settings = producer_settings,
                                    .java_options = {"--num-records", std::to_string(events), "--record-size",
                                                     "100", "--throughput", "-1"},
                                    .java_rate = producer_rate});

  const BenchBroker broker(scene);
  Admin admin(Cluster::of(*broker).admin);
  int topics = 0;
  compete(scene, contenders, [&](Contender& one) {
    const std::string topic = fmt::format("bench-{}", ++topics);
    admin.create_topic(topic, partitions);
    const double rate = one.run({.topic = topic, .group = "", .address = broker->learner_address()});
    check_count(admin, topic);
    admin.delete_topics({topic});
    return rate;
  });
  return {.name = "produce",
          .title = "A million events of 100 bytes into three partitions, acks=all, idempotent",
          .figures = figures_of(contenders)};
}

Section measure_consume(const Scene& scene) {
  auto contenders =
      clients(scene, {.verb = "consume",
                      .reference = "consume_events",
                      .tool = "ConsumerPerformance",
                      .settings = consumer_settings,
                      .java_options = {"--num-records", std::to_string(events), "--hide-header"},
                      .java_rate = consumer_rate});

  const BenchBroker broker(scene);
  Admin admin(Cluster::of(*broker).admin);
  const std::string topic = "bench";
  admin.create_topic(topic, partitions);
  scene.go_on("filling a topic");
  rate_of(scene, {bench_client(scene).string(), "produce"},
          {.topic = topic, .group = "", .address = broker->learner_address()}, producer_settings);
  check_count(admin, topic);
  int groups = 0;
  compete(scene, contenders, [&](Contender& one) {
    return one.run(
        {.topic = topic, .group = fmt::format("bench-{}", ++groups), .address = broker->learner_address()});
  });
  return {.name = "consume",
          .title = "A million events of 100 bytes from three partitions, committed every 10,000 records",
          .figures = figures_of(contenders)};
}

}  // namespace grader
