// What consume_events promises (phases/3-consumer/consume_events.hpp), checked against what the handler was
// given, what the coordinator has, and what the program called.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "checks/framework/ask_until.hpp"
#include "checks/framework/crash_check.hpp"
#include "harness/descriptor.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;
using course::Record;

class ConsumeEvents : public CrashCheck {
 protected:
  /// A fetch brings one record of one partition, so that the partitions take turns at the handler.
  static inline const course::ClientConfig interleaved{{"max.partition.fetch.bytes", "1"}};

  /// Held at every question.
  static bool everywhere(const nlohmann::json&) { return true; }

  void expect_settings_at_the_coordinator(const Consuming& consuming) {
    const auto& id = consuming.settings.at("client.id");
    const auto described = describe(consuming.group);
    if (described.members.size() != 1 || described.members.front().client_id != id) {
      throw Failed{{"config-ignored", "one member with client.id " + id,
                    described.members.empty()
                        ? "no member"
                        : "a member with client.id " + described.members.front().client_id}};
    }
    const int wanted = std::stoi(consuming.settings.at("session.timeout.ms"));
    int seen = 0;
    requests().wait_for(
        [&](const Request& request) {
          if (request.api() == "JOIN_GROUP") seen = request.request().value("sessionTimeoutMs", 0);
          return seen == wanted;
        },
        Clock::now() + 2s);
    if (seen == wanted) return;
    throw Failed{{"config-ignored",
                  fmt::format("the client joins its group with session.timeout.ms={}", wanted),
                  fmt::format("it joined with {}", seen)}};
  }
};

/// Waits until the program has taken a Ctrl+C that was sent to it: it is no longer pending.
void wait_until_taken(Learner& learner) {
  const auto pending = [&] {
    std::ifstream status(fmt::format("/proc/{}/status", learner.run().pid()));
    std::uint64_t signals = 0;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("SigPnd:") || line.starts_with("ShdPnd:"))
        signals |= std::stoull(line.substr(7), nullptr, 16);
    }
    return (signals & (1U << (SIGINT - 1U))) != 0;
  };
  ask_until(
      pending, [](bool still) { return !still; }, Clock::now() + 1s);
}

/// A port of this machine at which nobody answers, for as long as this lives: it is bound, and not listened
/// at.
class UnusedPort {
 public:
  UnusedPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (!socket_.valid() || bind(socket_.get(), generic, size) != 0 ||
        getsockname(socket_.get(), generic, &size) != 0) {
      throw InfraError("no free port on this machine");
    }
    number_ = ntohs(address.sin_port);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  Descriptor socket_;
  int number_ = 0;
};

}  // namespace

CORE_CHECK(ConsumeEvents, handles_every_record, "the handler gets every record of a new group, in order") {
  step("two topics with records in all of their partitions");
  const auto orders = new_topic(2);
  const auto payments = new_topic(1);
  auto records = seed(orders, 2, 4);
  std::ranges::copy(seed(payments, 1, 3), std::back_inserter(records));
  step("your program starts to read them, in a new group");
  const auto group = new_name("group");
  const auto run = consume({.topics = {orders, payments}, .group = group, .commit_every = 3});
  step("the handler gets each record once, from the first on, in order within a partition");
  expect_handled(*run, records);
  step("the coordinator counts the program as the member that owns all partitions");
  expect_member(*run, group, records);
  step("records that come later are handled as well");
  std::ranges::copy(seed(orders, 2, 1), std::back_inserter(records));
  expect_handled(*run, records);
  expect_stops(*run);
}

CORE_CHECK(ConsumeEvents, commits_after_processing,
           "an offset is committed after its record was handled, not before") {
  step("a topic with records in two partitions");
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 3);
  step("your program reads it with commit_every 1, and is held before and after everything it does");
  const Consuming consuming{
      .topics = {topic}, .group = new_name("group"), .settings = interleaved, .hold = everywhere};
  const auto run = consume(consuming);
  step(
      "at each of these moments nothing is committed that was not handled, and at most one handled record is "
      "uncommitted");
  expect_at_every_moment(*run, consuming, records);
  step("asked to stop, your function leaves nothing uncommitted");
  expect_stops(*run);
  expect_committed(*run, consuming.group, records);
  note_requests();
}

CORE_CHECK(ConsumeEvents, commits_often_enough,
           "never more than commit_every handled records are uncommitted") {
  step("a topic with records in two partitions");
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 5);
  step("your program reads it with commit_every 3, and is held before and after everything it does");
  const Consuming consuming{.topics = {topic},
                            .group = new_name("group"),
                            .commit_every = 3,
                            .settings = interleaved,
                            .hold = everywhere};
  const auto run = consume(consuming);
  step(
      "at each of these moments nothing is committed that was not handled, and at most three handled records "
      "are uncommitted");
  expect_at_every_moment(*run, consuming, records);
  expect_stops(*run);
}

CORE_CHECK(ConsumeEvents, second_run_sees_only_what_is_new, "a group goes on where it left off") {
  step("your program handles what a topic holds, and is stopped");
  const auto topic = new_topic(2);
  const auto old = seed(topic, 2, 3);
  const Consuming consuming{.topics = {topic}, .group = new_name("group"), .commit_every = 2};
  {
    const auto first = consume(consuming);
    expect_handled(*first, old);
    expect_stops(*first);
  }
  step("it is started again in the same group, and one more record is written to each partition");
  const auto second = consume(consuming);
  auto records = old;
  std::ranges::copy(seed(topic, 2, 1), std::back_inserter(records));
  step("the handler gets the new records, and none of the old ones");
  expect_handled(*second, records, next_offsets(places_of(old)));
}

CORE_CHECK(ConsumeEvents, stop_commits_and_leaves,
           "asked to stop, it commits what was handled and leaves the group") {
  step("your program handles all records of a topic, fewer than commit_every");
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 3);
  const Consuming consuming{
      .topics = {topic}, .group = new_name("group"), .commit_every = 100, .settle_commits = false};
  const auto run = consume(consuming);
  expect_handled(*run, records);
  step("Ctrl+C: your function returns within a second");
  run->wait_until_polling_or_held(Clock::now() + 2s);
  expect_stops(*run);
  step("everything that was handled is committed");
  expect_committed(*run, consuming.group, records);
  step("the group has no member left: others would take over at once");
  expect_left(consuming.group);
  note_requests();
}

CORE_CHECK(ConsumeEvents, failed_record_is_not_committed, "a record whose handler throws stays uncommitted") {
  step("a topic with records in two partitions, read with commit_every 1");
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 4);
  const Place failing{.source = {.topic = topic, .partition = 0}, .offset = 2};
  step("the handler throws at " + to_string(failing));
  step(
      "what was handled before is committed, that record is not, the group is left, and the exception goes "
      "on to the caller");
  expect_failure_ends_it({.topics = {topic}, .group = new_name("group"), .settings = interleaved}, records,
                         failing);
}

CORE_CHECK(ConsumeEvents, survives_any_crash,
           "wherever the program is killed, no record is lost and few are repeated") {
  step("a topic with records in two partitions, more of them than commit_every");
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 4);
  explore({.topics = {topic}, .group = "", .commit_every = 3, .settings = interleaved}, records);
}

EDGE_CHECK(ConsumeEvents, failure_between_two_commits,
           "a handler that throws between two commits loses no work") {
  step("a topic with records in two partitions, read with commit_every 100");
  const auto topic = new_topic(2);
  const auto records = seed(topic, 2, 4);
  const Place failing{.source = {.topic = topic, .partition = 1}, .offset = 2};
  step("the handler throws at " + to_string(failing) + ", when nothing was committed yet");
  step("what was handled before, in both partitions, is committed; that record is not");
  expect_failure_ends_it(
      {.topics = {topic}, .group = new_name("group"), .commit_every = 100, .settings = interleaved}, records,
      failing);
}

EDGE_CHECK(ConsumeEvents, passes_on_every_byte,
           "keys, values and headers reach the handler as they lie in the log") {
  step(
      "records with null and empty keys and values, NUL bytes, bytes that are no text, headers, and a "
      "repeat");
  const auto topic = new_topic(1);
  const auto word = [&] { return random_text(8); };
  const std::string nul(1, '\0');
  const std::vector<course::Event> events{
      {.key = word(), .value = word()},
      {.key = word() + nul + word(), .value = word() + nul + word()},
      {.key = std::nullopt, .value = word()},
      {.key = "", .value = word()},
      {.key = word(), .value = std::nullopt},
      {.key = word(), .value = ""},
      {.key = nul, .value = "\xff\xfe" + nul + word()},
      {.key = word(),
       .value = word(),
       .headers = {{"trace", word()}, {"trace", word()}, {"kind", word() + nul + word()}}},
      {.key = word(), .value = word(), .headers = {{"empty", ""}, {"null", std::nullopt}}},
  };
  std::vector<Seed> seeds;
  for (const auto& event : events) seeds.push_back({.partition = 0, .event = event});
  seeds.insert(seeds.begin() + 4, seeds.front());  // what is equal is still two records
  const auto records = seed(topic, seeds);
  step("your program hands each of them to the handler, byte for byte");
  const auto run = consume({.topics = {topic}, .group = new_name("group"), .commit_every = 100});
  expect_handled(*run, records);
  expect_stops(*run);
}

EDGE_CHECK(ConsumeEvents, waits_while_idle,
           "an idle topic is waited at, patiently, until stop is requested") {
  step("your program handles the only record of a topic");
  const auto topic = new_topic(1);
  auto records = seed(topic, 1, 1);
  const Consuming consuming{.topics = {topic}, .group = new_name("group")};
  const auto run = consume(consuming);
  expect_handled(*run, records);
  step("with nothing left to read it waits, and uses next to no processor time");
  expect_waits_patiently(*run);
  step("a record that comes then is handled");
  std::ranges::copy(seed(topic, 1, 1), std::back_inserter(records));
  expect_handled(*run, records);
  step("idle again, it sees the stop within a second");
  run->wait_until_polling_or_held(Clock::now() + 2s);
  expect_stops(*run);
}

EDGE_CHECK(ConsumeEvents, stops_between_two_records,
           "stop is seen between two records, however many are waiting") {
  step("a topic with 50 records, and your program at work on the third of them");
  const auto topic = new_topic(1);
  const auto records = seed(topic, 1, 50);
  const Consuming consuming{
      .topics = {topic}, .group = new_name("group"), .commit_every = 10, .hold = is_hook};
  const auto run = consume(consuming);
  for (int handled = 0; handled < 2; ++handled) {
    const auto question = run->wait_for_question(soon());
    if (!question) expect_handled(*run, records);
    run->let_go(*question);
  }
  const auto third = run->wait_for_question(soon());
  if (!third) expect_handled(*run, records);
  step("Ctrl+C while the handler works: the record is finished, and no more are begun");
  run->learner().interrupt();
  wait_until_taken(run->learner());
  run->let_go(*third);
  if (const auto one_more = run->wait_for_question(Clock::now() + 2s)) {
    // To take note of the signal may take its time on a busy machine. The program is held, so nothing else
    // can happen.
    run->learner().ended_by(Clock::now() + 1s);
    run->let_go(*one_more);
    if (const auto another = run->wait_for_question(Clock::now() + 2s)) {
      throw Failed{
          {"stop-not-seen", "within a second after stop was requested no more records are begun",
           "a second later the handler was called with " + to_string(place_from_json(another->body))}};
    }
  }
  run->stop_holding();
  expect_stops(*run, true);
  step("what was handled is committed");
  const auto handled = run->handled();
  std::vector<Record> done;
  std::ranges::copy_if(records, std::back_inserter(done),
                       [&](const Record& record) { return handled.contains(place_of(record)); });
  expect_committed(*run, consuming.group, done);
}

EDGE_CHECK(ConsumeEvents, survives_passing_trouble,
           "trouble that passes is survived: an unreachable broker, a topic that is created later") {
  step(
      "your program is started with a second broker address that nobody answers at, for a topic that does "
      "not exist");
  const auto topic = new_name("topic");
  const UnusedPort nobody;
  const auto run = consume(
      {.topics = {topic},
       .group = new_name("group"),
       .settings = {{"bootstrap.servers", fmt::format("127.0.0.1:{},{}", nobody.number(), cluster().address)},
                    {"topic.metadata.refresh.interval.ms", "100"}}});
  const auto meets_trouble = [](const auto& messages, const auto&) {
    return std::ranges::any_of(
        messages, [](const auto& message) { return is_poll(message) && message.contains("error"); });
  };
  run->learner().conversation().wait_until(meets_trouble, Clock::now() + 3s);
  step("it goes on, and when the topic is created it handles its records");
  create_topic(topic, 1);
  expect_handled(*run, seed(topic, 1, 3));
  expect_stops(*run);
}

EDGE_CHECK(ConsumeEvents, obeys_its_config, "every setting of the config reaches the client") {
  step("a topic with old records, and a config with auto.offset.reset=latest and settings for the group");
  const auto topic = new_topic(1);
  seed(topic, 1, 3);
  const Consuming consuming{.topics = {topic},
                            .group = new_name("group"),
                            .settings = {{"auto.offset.reset", "latest"},
                                         {"session.timeout.ms", "23000"},
                                         {"client.id", "reader-" + random_text(5)}}};
  const auto run = consume(consuming);
  step("the handler gets what is written from then on, and none of the old records");
  std::vector<Record> written;
  const auto deadline = soon();
  while (run->handler_calls().empty() && Clock::now() < deadline && run->learner().run().running()) {
    // Where the client begins is not known before it has begun: write until it sees something.
    std::ranges::copy(seed(topic, 1, 1), std::back_inserter(written));
    run->wait_until_handled({place_of(written.back())}, Clock::now() + 200ms);
  }
  const auto calls = run->handler_calls();
  if (calls.empty()) expect_handled(*run, written);
  if (calls.front().place < place_of(written.front())) {
    throw Failed{{"config-ignored",
                  "with auto.offset.reset=latest a new group begins with what is written after it has begun",
                  "the handler was called with " + to_string(calls.front().place) + ", an old record"}};
  }
  expect_handled(*run, written, {{{.topic = topic, .partition = 0}, calls.front().place.offset}});
  step("the coordinator knows the client by the given client.id and session.timeout.ms");
  expect_settings_at_the_coordinator(consuming);
  expect_stops(*run);
}

EDGE_CHECK(ConsumeEvents, refuses_an_unusable_config,
           "a config from which no consumer can be made is an error, not a silence") {
  const auto topic = new_topic(1);
  step("a property that does not exist");
  expect_refuses({.topics = {topic}, .group = new_name("group"), .settings = {{"no.such.property", "1"}}},
                 "there is no property no.such.property");
  step("a group without a name");
  expect_refuses({.topics = {topic}, .group = new_name("group"), .settings = {{"group.id", ""}}},
                 "a group.id that is empty");
}

}  // namespace grader
