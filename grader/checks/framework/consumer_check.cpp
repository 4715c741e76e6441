#include "checks/framework/consumer_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "checks/framework/ask_until.hpp"
#include "checks/framework/consumer_findings.hpp"
#include "evidence/group_watch.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;
using course::Record;

/// Many times the auto.commit.interval.ms that programs are started with.
constexpr auto timer_patience = 1s;
/// How long a program that has begun to handle records may take for the next one.
constexpr auto patience_between_records = 6s;

nlohmann::json to_json(const Offsets& offsets) {
  auto json = nlohmann::json::array();
  for (const auto& [source, offset] : offsets) {
    json.push_back({{"topic", source.topic}, {"partition", source.partition}, {"offset", offset}});
  }
  return json;
}

}  // namespace

bool ConsumerCheck::thorough() {
  const char* value =
      std::getenv("COURSE_EXPLORE");  // NOLINT(concurrency-mt-unsafe): nobody sets variables at run time
  return value != nullptr && std::string(value) == "all";
}

std::unique_ptr<ConsumerRun> ConsumerCheck::consume(const Consuming& consuming) {
  return start_consumer("consume", {}, consuming,
                        {{"auto.commit.interval.ms", "20"}, {"fetch.wait.max.ms", "100"}});
}

std::unique_ptr<ConsumerRun> ConsumerCheck::start_consumer(const std::string& program,
                                                           std::vector<std::string> more_options,
                                                           const Consuming& consuming,
                                                           course::ClientConfig settings) {
  auto options = std::move(more_options);
  for (const auto& topic : consuming.topics) options.insert(options.end(), {"--topic", topic});
  options.insert(options.end(),
                 {"--group", consuming.group, "--commit-every", std::to_string(consuming.commit_every)});
  return start_run(program, options, consuming, std::move(settings));
}

std::unique_ptr<ConsumerRun> ConsumerCheck::start_run(const std::string& program,
                                                      const std::vector<std::string>& options,
                                                      const Consuming& consuming,
                                                      course::ClientConfig settings) {
  for (const auto& [name, value] : consuming.settings) settings[name] = value;
  auto all = client_options(settings);
  all.insert(all.end(), options.begin(), options.end());
  auto run = std::make_unique<ConsumerRun>(consuming.hold, consuming.settle_commits);
  const std::lock_guard lock(starting_);
  run->attach(start(program, std::move(all), run->setup()));
  return run;
}

std::vector<Record> ConsumerCheck::seed(const std::string& topic, int partitions, int each) {
  std::vector<Seed> seeds;
  for (int i = 0; i < each; ++i) {
    for (std::int32_t partition = 0; partition < partitions; ++partition) {
      seeds.push_back(
          {.partition = partition, .event = {.key = "key-" + random_text(5), .value = random_text(16)}});
    }
  }
  return seed(topic, seeds);
}

std::vector<Record> ConsumerCheck::seed(const std::string& topic, const std::vector<Seed>& seeds) {
  auto one_by_one = cluster().admin;
  one_by_one["batch.num.messages"] = "1";  // a batch is read as a whole
  auto records = seed_topic(one_by_one, topic, seeds);
  timeline().add("records", "seeded",
                 {{"topic", topic}, {"offsets_after", to_json(next_offsets(places_of(records)))}});
  return records;
}

Offsets ConsumerCheck::committed(const std::string& group) {
  auto offsets = admin().committed(group);
  timeline().add("offsets", "committed", {{"group", group}, {"offsets", to_json(offsets)}});
  return offsets;
}

Group ConsumerCheck::describe(const std::string& group) {
  auto described = admin().describe(group);
  auto fields = grader::to_json(described);
  fields["group"] = group;
  timeline().add("group", "described", fields);
  return described;
}

void ConsumerCheck::expect_handled(ConsumerRun& run, const std::vector<Record>& records,
                                   const Offsets& starts) {
  Places wanted;
  for (const auto& record : records) {
    const auto start = starts.find(record.source);
    if (start == starts.end() || record.offset >= start->second) wanted.insert(place_of(record));
  }
  // As long as something comes, it may be slow.
  auto deadline = soon();
  for (std::size_t seen = 0; !run.wait_until_handled(wanted, Clock::now() + 500ms);) {
    if (run.learner().ended()) explain(run, {});
    const auto calls = run.handler_calls();
    if (calls.empty()) expect_fetches_from_the_start(records, starts);
    if (const auto fault = sequence_fault(calls, records, starts); fault && calls.size() == seen)
      throw Failed{*fault};
    if (calls.size() > seen) deadline = Clock::now() + patience_between_records;
    seen = calls.size();
    if (Clock::now() > deadline) break;
  }
  if (const auto fault = sequence_fault(run.handler_calls(), records, starts)) throw Failed{*fault};
  const auto handled = run.handled();
  const auto missing =
      std::ranges::find_if(wanted, [&](const Place& place) { return !handled.contains(place); });
  if (missing == wanted.end()) return;
  throw Failed{{handled.empty() ? "nothing-handled" : "record-not-handled",
                fmt::format("the handler is called with all {} records", wanted.size()),
                fmt::format("it was called with {} and then no more; {} is missing", handled.size(),
                            to_string(*missing, wanted))}};
}

void ConsumerCheck::expect_fetches_from_the_start(const std::vector<Record>& records, const Offsets& starts) {
  if (!cluster().request_log) return;
  const std::lock_guard lock(reading_requests_);
  Offsets first_fetched;
  for (const auto& request : requests().read()) {
    if (request.api() != "FETCH") continue;
    for (const auto& topic : request.request().value("topics", nlohmann::json::array())) {
      for (const auto& partition : topic.value("partitions", nlohmann::json::array())) {
        first_fetched.try_emplace(
            {.topic = topic.value("topic", ""), .partition = partition.value("partition", -1)},
            partition.value("fetchOffset", std::int64_t{-1}));
      }
    }
  }
  for (const auto& record : records) {
    const auto fetched = first_fetched.find(record.source);
    if (fetched == first_fetched.end() || starts.contains(record.source) || fetched->second <= record.offset)
      continue;
    throw Failed{
        {"started-too-late",
         fmt::format("a new group starts to read partition {} at offset {}", record.source.partition,
                     record.offset),
         fmt::format("your client asked the broker for offset {} and what comes after it", fetched->second)}};
  }
}

void ConsumerCheck::expect_at_every_moment(ConsumerRun& run, const Consuming& consuming,
                                           const std::vector<Record>& records) {
  const auto seeded = places_of(records);
  // A commit that nobody saw being sent may be on its way. Where one waits for it, the program can't know.
  const std::size_t drawn = std::uniform_int_distribution<std::size_t>(1, records.size())(random());
  bool timer_waited_for = false;
  while (!std::ranges::includes(run.handled(), seeded)) {
    const auto question = run.wait_for_question(soon());
    if (!question) {
      if (!run.learner().ended()) expect_handled(run, records);
      explain(run, {});
    }
    if (!run.handler_calls().empty()) {
      const bool in_handler = is_hook(question->body);
      const bool here = run.commits_automatically() || (thorough() && run.handler_calls().size() >= drawn);
      const bool wait_for_timer = in_handler && !timer_waited_for && here;
      timer_waited_for |= wait_for_timer;
      const auto offsets =
          wait_for_timer ? committed_after_timer(run, consuming.group, seeded) : committed(consuming.group);
      const auto handled = run.handled();
      const auto moment = moment_of(run, question->body);
      if (const auto skipped = committed_ahead(offsets, seeded, handled))
        throw Failed{ahead_finding(run, *skipped, offsets, moment)};
      if (uncommitted(offsets, handled) > consuming.commit_every) {
        auto finding = lag_finding(run, offsets, handled, consuming.commit_every, moment);
        // What its commits have in common shows when it has made them all.
        if (finding.diagnosis == "never-commits" || finding.diagnosis == "offset-off-by-one") {
          let_finish(run, seeded);
          finding = lag_finding(run, offsets, handled, consuming.commit_every, moment);
        }
        throw Failed{finding};
      }
    }
    run.let_go(*question);
  }
  run.stop_holding();
  if (const auto fault = sequence_fault(run.handler_calls(), records)) throw Failed{*fault};
}

void ConsumerCheck::let_finish(ConsumerRun& run, const Places& seeded) {
  run.stop_holding();
  run.wait_until_handled(seeded, Clock::now() + 5s);
  run.learner().interrupt();
  run.learner().ended_by(Clock::now() + 5s);
}

Offsets ConsumerCheck::committed_after_timer(ConsumerRun& run, const std::string& group,
                                             const Places& seeded) {
  const auto deadline = Clock::now() + timer_patience;
  auto offsets = committed(group);
  while (!committed_ahead(offsets, seeded, run.handled()) && Clock::now() < deadline)
    offsets = admin().committed(group);
  return offsets;
}

void ConsumerCheck::expect_committed(ConsumerRun& run, const std::string& group,
                                     const std::vector<Record>& records) {
  const auto handled = places_of(records);
  const auto wanted = next_offsets(handled);
  // What was sent as the program ended may still be on its way.
  const auto offsets = ask_until([&] { return committed(group); },
                                 [&](const Offsets& now) { return now == wanted; }, Clock::now() + 1s);
  if (offsets == wanted) return;
  auto finding = lag_finding(run, offsets, handled, 0, "when your function has returned");
  if (finding.diagnosis == "commits-too-rarely" || finding.diagnosis == "never-commits") {
    finding.diagnosis = "not-all-committed-on-return";
  }
  finding.expected =
      fmt::format("when your function has returned, committed is {}", to_string(wanted, wanted));
  throw Failed{finding};
}

void ConsumerCheck::expect_member(ConsumerRun& run, const std::string& group,
                                  const std::vector<Record>& records) {
  std::vector<course::TopicPartition> wanted;
  for (const auto& [source, unused] : next_offsets(places_of(records))) wanted.push_back(source);
  const auto described = describe(group);
  if (is_settled(described, wanted)) return;
  const auto calls = run.calls();
  const bool subscribed = std::ranges::any_of(
      calls, [](const auto& call) { return call.value("call", "") == "rd_kafka_subscribe"; });
  throw Failed{
      {subscribed ? "another-group" : "not-a-member",
       fmt::format("the group {} is stable, and its members share all partitions", group),
       fmt::format("it has {} member(s){}", described.members.size(), other_group_asked_for(group))}};
}

std::string ConsumerCheck::other_group_asked_for(const std::string& group) {
  if (!cluster().request_log) return "";
  const std::lock_guard lock(reading_requests_);
  for (const auto& request : requests().read()) {
    if (request.api() != "FIND_COORDINATOR") continue;
    auto names = request.request().value("coordinatorKeys", std::vector<std::string>{});
    names.push_back(request.request().value("key", ""));
    for (const auto& name : names) {
      if (!name.empty() && name != group)
        return fmt::format("; your client asked the broker for the group {}", name);
    }
  }
  return "";
}

void ConsumerCheck::note_requests() {
  const std::lock_guard lock(reading_requests_);
  const auto& all = requests().read();
  for (; requests_noted_ < all.size(); ++requests_noted_) {
    const auto& request = all[requests_noted_];
    timeline().add("request", request.api(),
                   {{"client", request.client_id()},
                    {"connection", request.connection()},
                    {"request", request.request()},
                    {"response", request.json.value("response", nlohmann::json())}});
  }
}

}  // namespace grader
