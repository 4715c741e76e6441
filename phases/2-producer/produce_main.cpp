// The program of phase 2: sends events to a topic through your two functions.

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "2-producer/produce_event.hpp"
#include "2-producer/produce_events_batch.hpp"
#include "support/event_json.hpp"
#include "support/printing.hpp"
#include "support/program.hpp"

namespace {

using course::Delivery;
using course::Event;

std::vector<Event> sample_events() {
  constexpr std::array users{"alice", "bob", "carol", "dave", "erin"};
  constexpr std::array actions{"login", "view", "add_to_cart", "checkout", "logout"};
  std::vector<Event> events;
  for (std::size_t i = 0; i < 10; ++i) {
    const nlohmann::json value{{"event_id", i + 1}, {"user", users[i % 5]}, {"action", actions[i / 2]}};
    events.push_back({.key = users[i % 5], .value = value.dump(), .headers = {{"source", "produce"}}});
  }
  return events;
}

Event random_order(std::mt19937& random) {
  constexpr std::array items{"book", "pen", "bag", "mouse", "keyboard"};
  const auto pick = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  const std::string user = fmt::format("user-{}", 1 + pick(5));
  const std::string id = fmt::format("{:08x}-{:08x}", random(), random());
  const nlohmann::json value{{"order_id", id}, {"user_id", user}, {"item", items[pick(items.size())]}};
  return {.key = user, .value = value.dump()};
}

/// Reports the fates of events on the terminal, or to the check that started the program.
class Reporter {
 public:
  explicit Reporter(const course::Program& program) : check_(program.check()) {}

  void report(const Event& event, const Delivery& delivery) {
    ++(delivery.delivered() ? delivered_ : failed_);
    if (check_) {
      nlohmann::json message{{"kind", "delivery"}, {"index", delivered_ + failed_ - 1}};
      if (delivery.delivered()) {
        message["partition"] = delivery.partition;
        message["offset"] = delivery.offset;
      } else {
        message["error"] = *delivery.error;
      }
      check_->tell(message);
    } else if (delivery.delivered()) {
      fmt::print("delivered  partition {}  offset {:>4}  key {:<8} {}\n", delivery.partition, delivery.offset,
                 course::printable(event.key), course::printable(event.value));
    } else {
      fmt::print("FAILED     {}  key {:<8} {}\n", *delivery.error, course::printable(event.key),
                 course::printable(event.value));
    }
    std::cout.flush();
  }

  /// A result for each event is part of the contract; anything else can't be matched to events.
  void report(const std::vector<Event>& events, const std::vector<Delivery>& deliveries) {
    if (check_)
      check_->tell({{"kind", "batch-result"}, {"events", events.size()}, {"deliveries", deliveries.size()}});
    if (deliveries.size() != events.size()) {
      throw std::runtime_error(fmt::format("produce_events_batch returned {} results for {} events",
                                           deliveries.size(), events.size()));
    }
    for (std::size_t i = 0; i < events.size(); ++i) report(events[i], deliveries[i]);
  }

  void finish(std::size_t malformed) const {
    if (!check_) fmt::print("{} delivered, {} failed\n", delivered_, failed_);
    if (malformed > 0) throw std::runtime_error(fmt::format("{} malformed line(s) were left out", malformed));
    if (failed_ > 0 && !check_)
      throw std::runtime_error(fmt::format("{} event(s) were not delivered", failed_));
  }

 private:
  std::shared_ptr<course::ReportChannel> check_;
  std::size_t delivered_ = 0;
  std::size_t failed_ = 0;
};

/// All events of a stream of JSON lines. Malformed lines are named on stderr, counted and left out.
std::vector<Event> read_events(std::istream& input, const std::string& name, std::size_t& malformed) {
  std::vector<Event> events;
  course::EventLines lines(input);
  for (auto next = lines.next(); !std::holds_alternative<std::monostate>(next); next = lines.next()) {
    if (const auto* bad = std::get_if<course::MalformedLine>(&next)) {
      fmt::print(stderr, "{}:{}: left out: {}\n", name, bad->line_number, bad->reason);
      ++malformed;
    } else {
      events.push_back(std::get<Event>(std::move(next)));
    }
  }
  return events;
}

std::vector<Event> read_events(const std::string& path, std::size_t& malformed) {
  if (path == "-") return read_events(std::cin, "stdin", malformed);
  std::ifstream file(path);
  if (!file) throw std::runtime_error("can't read '" + path + "': no such file, or no permission");
  return read_events(file, path, malformed);
}

}  // namespace

int main(int argc, char** argv) {
  course::Program program("produce",
                          "Sends events to a Kafka topic: 10 sample events unless told otherwise.");
  std::string topic = "events";
  std::string input;
  std::string every;
  bool batch = false;
  auto& options = program.options();
  options.add_option("--topic", topic, "where to send them")->capture_default_str();
  auto* from = options.add_option(
      "--input", input, "JSON lines to send, from a file or - for stdin: {\"key\": …, \"value\": …}");
  options.add_flag("--batch", batch,
                   "through produce_events_batch rather than one by one through produce_event");
  options.add_option("--every", every, "an endless stream of orders, one in each interval, such as 500ms")
      ->excludes(from);

  return program.run(argc, argv, [&] {
    Reporter reporter(program);
    const auto config = program.client_config();
    if (!every.empty()) {
      std::mt19937 random(std::random_device{}());
      for (course::Ticker ticker(course::parse_duration(every), program.stop()); ticker.next();) {
        const Event order = random_order(random);
        reporter.report(order, course::produce_event(config, topic, order));
      }
      return reporter.finish(0);
    }
    std::size_t malformed = 0;
    const auto events = input.empty() ? sample_events() : read_events(input, malformed);
    if (batch) {
      reporter.report(events, course::produce_events_batch(config, topic, events));
    } else {
      for (const auto& event : events) reporter.report(event, course::produce_event(config, topic, event));
    }
    reporter.finish(malformed);
  });
}
