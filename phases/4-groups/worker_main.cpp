// A program of phase 4: one worker of a consumer group. Start it in several terminals.

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "4-groups/run_consumer_worker.hpp"
#include "support/printing.hpp"
#include "support/program.hpp"

namespace {

using course::TopicPartition;

/// Says what the group gives and takes, on the terminal or to the check that started the program.
class Announcer : public course::RebalanceObserver {
 public:
  Announcer(std::string worker, std::shared_ptr<course::ReportChannel> check)
      : worker_(std::move(worker)), check_(std::move(check)) {}

  void on_assigned(const std::vector<TopicPartition>& partitions) override { say("assigned", partitions); }
  void on_revoked(const std::vector<TopicPartition>& partitions) override { say("revoked", partitions); }
  void on_lost(const std::vector<TopicPartition>& partitions) override { say("lost", partitions); }

 private:
  void say(const char* what, const std::vector<TopicPartition>& partitions) {
    auto list = nlohmann::json::array();
    std::string text;
    for (const auto& one : partitions) {
      list.push_back({{"topic", one.topic}, {"partition", one.partition}});
      text += fmt::format(" {}[{}]", one.topic, one.partition);
    }
    if (check_) {
      check_->tell({{"kind", what}, {"worker", worker_}, {"partitions", list}});
    } else {
      fmt::print("{}: {}{}\n", worker_, what, partitions.empty() ? " nothing" : text);
      std::fflush(stdout);
    }
  }

  std::string worker_;
  std::shared_ptr<course::ReportChannel> check_;
};

}  // namespace

int main(int argc, char** argv) {
  course::Program program("worker", "One worker of a consumer group, until Ctrl+C.");
  course::WorkerOptions worker{.name = "worker-1", .config = {}, .topics = {"orders"}};
  std::string group = "order-workers";
  auto& options = program.options();
  options.add_option("--name", worker.name, "the worker's name in the group (client.id)")
      ->capture_default_str();
  options.add_option("--topic", worker.topics, "what to read; may be repeated")->capture_default_str();
  options.add_option("--group", group, "the consumer group to be a member of")->capture_default_str();
  options.add_option("--commit-every", worker.commit_every, "commit when so many records were handled")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  program.add_work_option();

  return program.run(argc, argv, [&] {
    worker.config = program.client_config();
    worker.config.try_emplace("group.id", group);
    const auto handler = program.handler([&](const course::Record& record) {
      fmt::print("{}: partition {}  offset {:>4}  key {:<8} {}\n", worker.name, record.source.partition,
                 record.offset, course::printable(record.event.key), course::printable(record.event.value));
      std::fflush(stdout);
    });
    Announcer announcer(worker.name, program.check());
    course::run_consumer_worker(worker, handler, announcer, program.stop());
  });
}
