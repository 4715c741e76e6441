#include "predictions/member.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <system_error>

#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

constexpr std::size_t longest_message = 64 * 1024;
constexpr auto patience = std::chrono::seconds(10);

MemberNews news_from(const std::string& message) {
  const auto json = nlohmann::json::parse(message);
  MemberNews news{.at = std::chrono::steady_clock::time_point(
                      std::chrono::nanoseconds(json.at("at").get<std::int64_t>())),
                  .kind = json.at("kind"),
                  .partitions = json.value("partitions", std::vector<int>{}),
                  .offset = json.value("offset", std::int64_t{-1}),
                  .value = json.value("value", std::string())};
  return news;
}

/// Acts on one record that follow each other closely are told in one line.
constexpr auto closely = std::chrono::milliseconds(50);

/// What was done to a record, or to several in the same way.
struct Act {
  std::chrono::steady_clock::time_point first;
  std::chrono::steady_clock::time_point last;
  std::string who;
  std::vector<std::string> kinds;    ///< Of news, in order; or a sentence that stands for itself.
  std::vector<std::string> records;  ///< Values; empty for anything else.
};

bool is_about_a_record(const MemberNews& news) {
  return news.kind == "handling" || news.kind == "handled" || news.kind == "committed" ||
         news.kind == "failed";
}

/// A sentence for news that are about no record; empty if they are not worth a line.
std::string sentence(const MemberNews& news) {
  const auto partitions =
      fmt::format("partition{} {}", news.partitions.size() > 1 ? "s" : "", fmt::join(news.partitions, " "));
  if (news.kind == "assigned") return "is given " + (news.partitions.empty() ? "nothing" : partitions);
  if (news.kind == "revoked" && !news.partitions.empty()) return "gives up " + partitions;
  if (news.kind == "lost") return "has lost " + partitions;
  if (news.kind == "closed") return "has left";
  return "";
}

std::vector<Act> acts_of(MemberProcess& member) {
  std::vector<Act> acts;
  for (const auto& news : member.news()) {
    Act act{.first = news.at, .last = news.at, .who = member.name(), .kinds = {news.kind}, .records = {}};
    if (!is_about_a_record(news)) {
      act.kinds = {sentence(news)};
      if (!act.kinds.front().empty()) acts.push_back(act);
      continue;
    }
    act.records = {news.value};
    if (!acts.empty() && acts.back().records == act.records && news.at - acts.back().last < closely) {
      acts.back().kinds.push_back(news.kind);
      acts.back().last = news.at;
    } else {
      acts.push_back(act);
    }
  }
  return acts;
}

/// "order 1", "orders 1 2 3".
std::string records_in_words(const std::vector<std::string>& records) {
  if (records.size() == 1) return records.front();
  std::string text = "orders";
  for (const auto& record : records) text += record.substr(record.rfind(' '));
  return text;
}

std::string in_words(const Act& act) {
  if (act.records.empty()) return act.kinds.front();
  const auto records = records_in_words(act.records);
  const auto* const it = act.records.size() == 1 ? "it" : "each";
  const auto kinds = fmt::format("{}", fmt::join(act.kinds, " "));
  if (kinds == "handling") return "begins " + records;
  if (kinds == "handled") return "has handled " + records;
  if (kinds == "committed") return "commits " + records;
  if (kinds == "handling handled") return "handles " + records;
  if (kinds == "handled committed") return fmt::format("has handled {}, and commits {}", records, it);
  if (kinds == "handling handled committed") return fmt::format("handles {}, then commits {}", records, it);
  if (kinds == "committed handling handled") return fmt::format("commits {}, then handles {}", records, it);
  if (kinds == "committed handling") return fmt::format("commits {}, and begins {}", records, it);
  if (kinds == "handling failed") return "fails at " + records;
  return fmt::format("{} ({})", records, kinds);
}

}  // namespace

MemberProcess::MemberProcess(const Scene& scene, MemberPlan plan) : scene_(scene), plan_(std::move(plan)) {
  scene.check_interrupt();
  plan_.config.try_emplace("client.id", plan_.name);
  plan_.config = scene.client(plan_.config);
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw InfraError(std::string("no socket: ") + std::generic_category().message(errno));
  line_ = Descriptor(ends[0]);
  const Descriptor theirs(ends[1]);
  process_.emplace(
      Child::Spec{.arguments = {(scene.paths().build / "bin/course-member").string()},
                  .environment = environment_with({{member_plan_variable, nlohmann::json(plan_).dump()},
                                                   {member_line_variable, std::to_string(theirs.get())}}),
                  .folder = scene.folder(),
                  .log = scene.folder() / (plan_.name + ".log"),
                  .keep_open = theirs.get()});
}

void MemberProcess::receive() {
  std::string message(longest_message, '\0');
  for (;;) {
    const ssize_t size = recv(line_.get(), message.data(), message.size(), MSG_DONTWAIT);
    if (size <= 0) return;  // nothing more for now, or it has ended
    news_.push_back(news_from(message.substr(0, static_cast<std::size_t>(size))));
    if (news_.back().kind == "error") settled_nothing(fmt::format("{}: {}", plan_.name, news_.back().value));
  }
}

const std::vector<MemberNews>& MemberProcess::news() {
  receive();
  return news_;
}

std::optional<MemberNews> MemberProcess::news_of(const std::string& kind, std::size_t count) {
  for (const auto& one : news()) {
    if (one.kind == kind && --count == 0) return one;
  }
  return std::nullopt;
}

std::vector<std::string> MemberProcess::handled() {
  std::vector<std::string> values;
  for (const auto& one : news()) {
    if (one.kind == "handled") values.push_back(one.value);
  }
  return values;
}

bool MemberProcess::owns(std::size_t count) {
  std::vector<int> mine;
  for (const auto& one : news()) {
    if (one.kind == "assigned") mine.insert(mine.end(), one.partitions.begin(), one.partitions.end());
    if (one.kind == "revoked" || one.kind == "lost")
      std::erase_if(mine, [&](int partition) {
        return std::ranges::find(one.partitions, partition) != one.partitions.end();
      });
  }
  return mine.size() >= count;
}

void MemberProcess::release() {
  constexpr std::string_view word = "release";
  (void)send(line_.get(), word.data(), word.size(), MSG_NOSIGNAL);  // one that has ended says so otherwise
}

void MemberProcess::ask_to_close() {
  constexpr std::string_view word = "close";
  (void)send(line_.get(), word.data(), word.size(), MSG_NOSIGNAL);
}

void MemberProcess::wait_for_end() {
  if (!has_ended_within(process_->process(), patience))
    settled_nothing(plan_.name + " did not leave its group");
  process_->wait();
  receive();
}

void MemberProcess::kill() {
  process_->signal(SIGKILL);
  process_->wait();
  receive();
}

std::vector<Moment> timeline_of(const Scene& scene, const std::vector<MemberProcess*>& members) {
  std::vector<Act> acts;
  for (auto* member : members) {
    auto own = acts_of(*member);
    acts.insert(acts.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
  }
  std::ranges::stable_sort(acts, {}, &Act::first);
  std::vector<Act> joined;
  for (auto& act : acts) {
    const bool goes_on = !joined.empty() && !act.records.empty() && joined.back().who == act.who &&
                         joined.back().kinds == act.kinds && act.kinds.size() > 1;
    if (goes_on) {
      joined.back().records.push_back(act.records.front());
    } else {
      joined.push_back(std::move(act));
    }
  }
  std::vector<Moment> timeline;
  for (const auto& act : joined)
    timeline.push_back({.at = scene.since_start(act.first), .who = act.who, .what = in_words(act)});
  return timeline;
}

}  // namespace grader
