// The program of phase 1: makes sure that the topics of the course exist.

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "1-setup/create_topics.hpp"
#include "support/program.hpp"

namespace {

using course::TopicOutcome;
using course::TopicSpec;

/// "events:3" as a topic of 3 partitions.
TopicSpec parse_topic(const std::string& text) {
  const auto colon = text.rfind(':');
  int partitions = 0;
  if (colon != std::string::npos)
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), partitions);
  if (colon == std::string::npos || colon == 0 || partitions < 1) {
    throw std::invalid_argument("'" + text + "' is no topic with its partitions; write NAME:3");
  }
  return {.name = text.substr(0, colon), .partitions = partitions};
}

std::string described(const TopicOutcome& outcome, int wanted) {
  switch (outcome.kind) {
    case TopicOutcome::Kind::created:
      return fmt::format("created, {} partitions", outcome.partitions);
    case TopicOutcome::Kind::existed:
      return fmt::format("exists already, {} partitions", outcome.partitions);
    case TopicOutcome::Kind::differs:
      return fmt::format("EXISTS WITH {} PARTITIONS, not {}", outcome.partitions, wanted);
    case TopicOutcome::Kind::refused:
      return "REFUSED: " + outcome.error;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  course::Program program("setup", "Makes sure that the topics of the course exist: events and orders.");
  std::vector<std::string> wanted{"events:3", "orders:4"};
  program.options()
      .add_option("--topic", wanted, "topics and their partitions, instead of these")
      ->capture_default_str();

  return program.run(argc, argv, [&] {
    std::vector<TopicSpec> topics;
    for (const auto& text : wanted) topics.push_back(parse_topic(text));
    const auto outcomes = course::create_topics(program.client_config(), topics);
    bool all_well = true;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const auto& outcome = outcomes[i];
      fmt::print("{:<10} {}\n", outcome.name, described(outcome, topics[i].partitions));
      all_well = all_well &&
                 (outcome.kind == TopicOutcome::Kind::created || outcome.kind == TopicOutcome::Kind::existed);
    }
    if (!all_well) {
      throw std::runtime_error(
          "some topics are not as they should be; ./course kafka topics --delete --topic NAME removes one, "
          "with all that is in it");
    }
  });
}
