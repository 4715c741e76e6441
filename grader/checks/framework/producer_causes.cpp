// Why an event is not where it should be: near causes told apart by what the broker was asked and answered,
// by what the client said as it went, and by a second look at the program with its calls watched. Where that
// is not enough, the finding says what is certain.

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <set>

#include "checks/framework/ending.hpp"
#include "checks/framework/producer_check.hpp"
#include "support/payload_hash.hpp"

namespace grader {
namespace {

using course::Event;

/// How long a program that hung, or lost something, is watched when it does so again.
constexpr auto second_look = std::chrono::seconds(4);
/// Of the time that a program was given: who waits uses next to nothing, who spins gets this even on a
/// machine with much else to do.
constexpr double busy_share = 0.1;
/// So many attempts in a row without a poll between are no accident.
constexpr std::size_t many_refusals = 20;

/// The line in which librdkafka says that a producer was destroyed with events in its queue.
std::string last_words_of_the_client(const std::string& words) {
  const auto start = words.find("Producer terminating with");
  if (start == std::string::npos) return "";
  return words.substr(start, words.find('\n', start) - start);
}

bool is(const nlohmann::json& message, std::string_view when) {
  return message.value("kind", "") == "call" && message.value("when", "") == when;
}

bool hands_over(const std::string& call) {
  return call == "rd_kafka_produce" || call == "rd_kafka_producev" || call == "rd_kafka_produceva";
}

bool serves(const std::string& call) {
  return call == "rd_kafka_poll" || call == "rd_kafka_flush" || call == "rd_kafka_queue_poll";
}

/// Events that the client took, by the calls in `messages`.
std::size_t handed_over(const std::vector<nlohmann::json>& messages) {
  std::size_t count = 0;
  for (const auto& message : messages) {
    if (!is(message, "after")) continue;
    const std::string call = message.value("call", "");
    if (hands_over(call) && !message.contains("error")) ++count;
    count += message.value("accepted", std::size_t{0});
  }
  return count;
}

/// The errors with which a broker answered a PRODUCE request, such as MESSAGE_TOO_LARGE.
std::set<std::string> refusals(const Request& request) {
  std::set<std::string> names;
  for (const auto& topic : request.response().value("responses", nlohmann::json::array())) {
    for (const auto& partition : topic.value("partitionResponses", nlohmann::json::array())) {
      const int code = partition.value("errorCode", 0);
      if (code != 0) names.insert(rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code)));
    }
  }
  return names;
}

/// The names in METADATA requests.
std::set<std::string> topics_asked_for(const std::vector<Request>& requests) {
  std::set<std::string> names;
  for (const auto& request : requests) {
    if (request.api() != "METADATA") continue;
    const auto topics = request.request().find("topics");
    if (topics == request.request().end() || !topics->is_array()) continue;
    for (const auto& topic : *topics) names.insert(topic.value("name", ""));
  }
  return names;
}

std::string place(const ClaimedDelivery& claim) {
  return fmt::format("partition {}, offset {}", claim.partition->partition, claim.offset);
}

std::string report_of(const std::vector<ClaimedDelivery>& claims, std::size_t index) {
  if (index >= claims.size()) return "";
  return claims[index].partition ? "; you reported it delivered to " + place(claims[index])
                                 : "; you reported it as failed: " + claims[index].error;
}

}  // namespace

std::pair<const ProducerCheck::Attempt*, std::size_t> ProducerCheck::attempt_with(const Event& event) const {
  const auto hash = course::payload_hash(event);
  for (auto attempt = attempts_.rbegin(); attempt != attempts_.rend(); ++attempt) {
    const auto found = std::ranges::find(attempt->events, hash, course::payload_hash);
    if (found != attempt->events.end())
      return {&*attempt, static_cast<std::size_t>(found - attempt->events.begin())};
  }
  return {nullptr, 0};
}

std::vector<const Request*> ProducerCheck::requests_about(const std::string& topic,
                                                          std::chrono::seconds patience) {
  const auto about_topic = [&](const Request& request) {
    return request.api() == "PRODUCE" &&
           request.request().dump().find('"' + topic + '"') != std::string::npos;
  };
  // The log is written when a request completes, which may be a moment after its answer was sent.
  requests().wait_for(about_topic, Clock::now() + patience);
  std::vector<const Request*> found;
  for (const auto& request : requests().read()) {
    if (about_topic(request)) found.push_back(&request);
  }
  return found;
}

ProducerCheck::SecondLook ProducerCheck::look_again(const Attempt& attempt) {
  step("once more with the same events, this time with your program's calls watched, to see why");
  auto sending = attempt.sending;
  sending.watched = true;
  const auto learner = start_sending(attempt.topic, attempt.events, sending);
  attempts_.pop_back();  // this run is a witness, not one to judge
  const bool ended = learner->ended_by(Clock::now() + second_look).has_value();
  if (!ended) learner->kill();
  const auto messages = learner->conversation().messages();
  SecondLook look{.handed_over = handed_over(messages)};
  std::size_t refused_in_a_row = 0;
  int queueing_thread = 0;
  bool served_elsewhere = false;
  for (const auto& message : messages) {
    const std::string call = message.value("call", "");
    const int thread = message.value("thread", 0);
    if (hands_over(call) && is(message, "after")) {
      queueing_thread = thread;
      look.served = false;
      refused_in_a_row = message.contains("error") ? refused_in_a_row + 1 : 0;
      look.queue_full = std::max(look.queue_full, refused_in_a_row);
    }
    if (serves(call)) {
      look.served = true;
      refused_in_a_row = 0;
      served_elsewhere = served_elsewhere || (queueing_thread != 0 && thread != queueing_thread);
    }
    if (is(message, "before")) look.waits_in = call;
    if (is(message, "after") && look.waits_in == call && !message.value("empty", false))
      look.waits_in.clear();
  }
  look.served = look.served || served_elsewhere;
  if (ended) look.waits_in.clear();
  return look;
}

std::optional<Finding> ProducerCheck::cause_of_absence(const Attempt& attempt, const std::string& expected,
                                                       const std::string& observed) {
  if (const auto words = last_words_of_the_client(attempt.words); !words.empty()) {
    return Finding{"left-in-the-queue", expected,
                   fmt::format("{}; the client's own words when it was destroyed: \"{}\"", observed, words)};
  }
  if (!cluster().request_log) return std::nullopt;
  const auto sent = requests_about(attempt.topic);
  if (std::ranges::any_of(sent, [](const auto* one) { return one->request().value("acks", -1) == 0; })) {
    return Finding{"acks-too-weak", "acks=all in every request that writes",
                   observed +
                       "; your client asked for acks=0: the broker answers nothing, so nobody hears "
                       "what became of an event"};
  }
  auto others = topics_asked_for(requests().read());
  for (const auto& one : attempts_) others.erase(one.topic);
  others.erase("");
  if (sent.empty() && !others.empty()) {
    return Finding{
        "another-topic", expected,
        fmt::format("{}; your client asked the broker for the topic {}", observed, *others.begin())};
  }
  const auto look = look_again(attempt);
  const std::string again = fmt::format("{}; in a second, watched run the client was handed {} of {} events",
                                        observed, look.handed_over, attempt.events.size());
  if (look.handed_over < attempt.events.size()) return Finding{"never-sent", expected, again};
  if (sent.empty() || !look.served) {
    return Finding{
        "left-in-the-queue", expected,
        again + (look.served ? ", and in the first the broker got no PRODUCE request for the topic"
                             : ", and nobody waited for them: neither poll() nor flush() came after "
                               "the last of them")};
  }
  return std::nullopt;
}

Finding ProducerCheck::explain_missing(std::size_t index, const Event& event, std::size_t in_log) {
  const std::string expected = named(index, event) + " is in the log";
  const auto [attempt, place_in_it] = attempt_with(event);
  if (attempt == nullptr) return {"not-in-the-log", expected, "it is not"};
  const std::string observed =
      fmt::format("it is not (the log of {} holds {} of {} events){}", attempt->topic, in_log,
                  attempt->events.size(), report_of(attempt->claims, place_in_it));
  const std::string error =
      place_in_it < attempt->claims.size() ? attempt->claims[place_in_it].error : std::string();
  const bool full = error.find("Queue full") != std::string::npos;
  if (full) return {"dropped-when-full", expected, observed};
  if (const auto cause = cause_of_absence(*attempt, expected, observed)) return *cause;
  return {"not-in-the-log", expected, observed};
}

Finding ProducerCheck::explain_false_report(std::size_t index, const Event& event,
                                            const ClaimedDelivery& claim) {
  const std::string expected = named(index, event) + " is not in the log, so it is reported as failed";
  const std::string observed = "you reported it delivered to " + place(claim);
  const auto [attempt, unused] = attempt_with(event);
  if (attempt == nullptr || !cluster().request_log) return {"reported-but-not-there", expected, observed};
  for (const auto* request : requests_about(attempt->topic)) {
    const auto names = refusals(*request);
    if (names.empty()) continue;
    return {"reported-but-refused", expected,
            fmt::format("{}; the broker had answered a request that writes to {} with {}", observed,
                        attempt->topic, *names.begin())};
  }
  if (const auto cause = cause_of_absence(*attempt, expected, observed)) return *cause;
  return {"reported-but-not-there", expected, observed};
}

Finding ProducerCheck::explain_repeated(std::size_t index, const Event& event, std::size_t due,
                                        const std::vector<const course::Record*>& records) {
  std::string places;
  for (const auto* record : records) {
    places += fmt::format("{}partition {}, offset {}", places.empty() ? "" : " and ",
                          record->source.partition, record->offset);
  }
  Finding finding{
      "sent-twice",
      named(index, event) + (due == 1 ? " is in the log once" : fmt::format(" is in the log {} times", due)),
      fmt::format("it is there {} times: {}", records.size(), places)};
  if (const auto [attempt, unused] = attempt_with(event); attempt != nullptr) {
    const std::size_t events = attempt->events.size();
    const auto look = look_again(*attempt);
    finding.observed += fmt::format(
        "; in a second, watched run your program called produce() {} times for {} events{}", look.handed_over,
        events,
        look.handed_over > events ? ""
                                  : ": then the client may have repeated a request that was answered late");
  }
  return finding;
}

void ProducerCheck::expect_acknowledged(const std::string& topic) {
  if (!cluster().request_log) return;
  for (const auto* request : requests_about(topic)) {
    if (request->request().value("acks", -1) != 0) continue;
    throw Failed{{"acks-too-weak", "acks=all: the broker's answer tells where the event lies",
                  "you reported offset -1001, which means that the client knows none: it wrote with acks=0, "
                  "and the broker answers nothing to that"}};
  }
}

void ProducerCheck::explain_hang(Learner& learner, const Attempt& attempt) {
  const std::chrono::duration<double> waited = Clock::now() - learner.started_at();
  learner.kill();
  const auto ended = learner.ended_by(Clock::now());
  const std::chrono::duration<double> used = ended ? ended->cpu_time : std::chrono::milliseconds(0);
  if (!learner.said("not-implemented").empty())
    expect_ends_well(learner, std::chrono::milliseconds(0), exercise());
  const bool busy = used > waited * busy_share;
  const std::string expected = fmt::format("your program ends within {} s", attempt.sending.patience.count());
  const std::string observed =
      fmt::format("after {:.0f} s it was still running, and had used {:.1f} s of processor time{}",
                  waited.count(), used.count(), busy ? "" : ": it waited for something");
  const auto look = look_again(attempt);
  const std::string again = observed + "; in a second, watched run ";
  if (look.queue_full > many_refusals) {
    throw Failed{{"queue-not-served", expected,
                  again + fmt::format("produce() was refused {} times in a row because the queue was full, "
                                      "with no poll() or flush() between",
                                      look.queue_full)}};
  }
  if (look.handed_over > attempt.events.size()) {
    throw Failed{{"hands-over-again", expected,
                  again + fmt::format("produce() took {} events where {} were given", look.handed_over,
                                      attempt.events.size())}};
  }
  if (!look.served && look.handed_over > 0) {
    throw Failed{{"reports-not-served", expected,
                  again + fmt::format("it called produce() {} time(s), and then neither poll() nor flush()",
                                      look.handed_over)}};
  }
  if (look.waits_in.find("destroy") != std::string::npos) {
    throw Failed{{"destroy-hangs", expected, again + "it waited in " + look.waits_in}};
  }
  if (busy) throw Failed{{"spins", expected, observed}};
  const std::string where = look.waits_in.empty()   ? "outside of librdkafka"
                            : look.handed_over == 0 ? "in " + look.waits_in + ", with no event handed over"
                                                    : "in " + look.waits_in;
  throw Failed{{"does-not-return", expected, again + "it waited " + where}};
}

void ProducerCheck::expect_handed_over_once() {
  const auto& attempt = attempts_.back();
  const auto count = handed_over(attempt.messages);
  if (count <= attempt.events.size()) return;
  throw Failed{{"hands-over-again", "each event is handed to the client once, which retries by itself",
                fmt::format("produce() took {} events where {} were given", count, attempt.events.size())}};
}

void ProducerCheck::expect_nothing_left_behind() {
  int alive = 0;
  for (const auto& message : attempts_.back().messages) {
    const std::string call = message.value("call", "");
    if (call == "rd_kafka_new" && is(message, "after") && !message.contains("error")) ++alive;
    if (call.starts_with("rd_kafka_destroy") && is(message, "after")) --alive;
    const std::string kind = message.value("kind", "");
    const bool returned = kind == "delivery" || kind == "batch-result";
    if (!returned || alive <= 0) continue;
    throw Failed{
        {"client-left-behind", "when your function returns, its producer has been destroyed",
         fmt::format("it returned with {} producer(s) alive, each with threads and connections", alive)}};
  }
}

}  // namespace grader
