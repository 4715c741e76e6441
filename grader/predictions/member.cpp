#include "predictions/member.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <map>
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

/// News in words; empty if they are not worth a line.
std::string in_words(const MemberNews& news) {
  static const std::map<std::string, std::string> words{{"handling", "begins {}"},
                                                        {"handled", "has handled {}"},
                                                        {"committed", "has committed {}"},
                                                        {"failed", "fails at {}"}};
  const auto partitions = fmt::format("{}", fmt::join(news.partitions, " "));
  if (news.kind == "assigned")
    return news.partitions.empty() ? "is given nothing" : "is given partition " + partitions;
  if (news.kind == "revoked") return news.partitions.empty() ? "" : "gives up partition " + partitions;
  if (news.kind == "lost") return "has lost partition " + partitions;
  if (news.kind == "closed") return "has left";
  if (const auto found = words.find(news.kind); found != words.end())
    return fmt::format(fmt::runtime(found->second), news.value);
  return "";
}

}  // namespace

MemberProcess::MemberProcess(const Scene& scene, MemberPlan plan) : scene_(scene), plan_(std::move(plan)) {
  scene.check_interrupt();
  plan_.config = scene.client(plan_.config);
  plan_.config.try_emplace("client.id", plan_.name);
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
  std::vector<Moment> timeline;
  for (auto* member : members) {
    for (const auto& news : member->news()) {
      if (auto words = in_words(news); !words.empty())
        timeline.push_back(
            {.at = scene.since_start(news.at), .who = member->name(), .what = std::move(words)});
    }
  }
  std::ranges::stable_sort(timeline, {}, &Moment::at);
  return timeline;
}

std::vector<std::string> read_records(Scene& scene, MemberPlan plan, std::size_t count) {
  MemberProcess reader(scene, std::move(plan));
  scene.wait_until(fmt::format("record {} at {}", count, reader.name()),
                   [&] { return reader.handled().size() >= count; });
  reader.ask_to_close();
  reader.wait_for_end();
  return reader.handled();
}

}  // namespace grader
