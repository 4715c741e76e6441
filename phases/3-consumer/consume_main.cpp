// The program of phase 3: prints the events of a topic as a member of a consumer group.

#include <fmt/format.h>

#include <cstdio>

#include "3-consumer/consume_events.hpp"
#include "support/printing.hpp"
#include "support/program.hpp"

int main(int argc, char** argv) {
  course::Program program("consume", "Reads events as a member of a consumer group, until Ctrl+C.");
  std::vector<std::string> topics{"events"};
  std::string group = "event-readers";
  std::size_t commit_every = 1;
  auto& options = program.options();
  options.add_option("--topic", topics, "what to read; may be repeated")->capture_default_str();
  options.add_option("--group", group, "the consumer group to be a member of")->capture_default_str();
  options.add_option("--commit-every", commit_every, "commit when so many records were handled")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  program.add_work_option();

  return program.run(argc, argv, [&] {
    auto config = program.client_config();
    config.try_emplace("group.id", group);
    std::size_t handled = 0;
    const auto handler = program.handler([&](const course::Record& record) {
      fmt::print("partition {}  offset {:>4}  key {:<8} {}\n", record.source.partition, record.offset,
                 course::printable(record.event.key), course::printable(record.event.value));
      std::fflush(stdout);
      ++handled;
    });
    if (!program.check()) {
      fmt::print("Reading {} as a member of {}; Ctrl+C ends it.\n", fmt::join(topics, ", "),
                 config["group.id"]);
      std::fflush(stdout);
    }
    course::consume_events(config, topics, handler, commit_every, program.stop());
    if (!program.check()) fmt::print("{} records handled\n", handled);
  });
}
