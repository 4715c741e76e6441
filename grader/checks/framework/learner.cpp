#include "checks/framework/learner.hpp"

#include <csignal>
#include <utility>

namespace grader {
namespace {

Clock::time_point moment(const nlohmann::json& message) {
  return Clock::time_point(std::chrono::nanoseconds(message.at("at").get<std::int64_t>()));
}

}  // namespace

Learner::Learner(ProgramSpec spec, Setup setup, Timeline& timeline, ProgramClock& clock)
    : name_(spec.name), timeline_(timeline), clock_(clock) {
  spec.input = std::move(setup.input);
  spec.environment.merge(setup.environment);
  spec.limits = setup.limits;
  nlohmann::json started{
      {"run", name_}, {"program", spec.executable.filename()}, {"options", spec.arguments}};
  auto policy = setup.policy ? std::move(setup.policy) : [](const nlohmann::json&) {
    return std::optional(nlohmann::json{{"do", "go"}});
  };
  run_ = std::make_unique<Run>(std::move(spec), std::move(policy), [this](const nlohmann::json& message) {
    auto fields = message;
    fields.erase("at");
    fields["run"] = name_;
    const std::string kind = message.value("kind", "said");
    timeline_.add_at(moment(message),
                     kind == "hook"   ? "hook"
                     : kind == "call" ? "call"
                                      : "claim",
                     kind, fields);
  });
  started["pid"] = run_->pid();
  timeline_.add_at(run_->started_at(), "process", "started", started);
}

Learner::~Learner() {
  if (run_->running()) {
    kill();
  } else {
    note_end(*run_->wait(Clock::now()));
  }
}

std::vector<nlohmann::json> Learner::said(const std::string& kind) {
  std::vector<nlohmann::json> found;
  for (auto& message : conversation().messages()) {
    if (message.value("kind", "") == kind) found.push_back(std::move(message));
  }
  return found;
}

void Learner::kill() {
  timeline_.add("process", "killed", {{"run", name_}});
  note_end(run_->kill());
}

std::optional<Ended> Learner::ended_by(Clock::time_point deadline) {
  const auto ended = run_->wait(deadline);
  if (ended) note_end(*ended);
  return ended;
}

std::optional<Ended> Learner::ended() {
  return ended_by(Clock::now() + std::chrono::seconds(conversation().ended() ? 5 : 0));
}

std::string Learner::last_words() const {
  const std::string text = run_->standard_error();
  if (text.empty()) return "(it wrote nothing to stderr)";
  constexpr std::size_t most = 1500;
  return text.size() <= most ? text
                             : text.substr(0, most / 2) + "\n…\n" + text.substr(text.size() - most / 2);
}

void Learner::note_end(const Ended& ended) {
  if (std::exchange(end_noted_, true)) return;
  clock_.add(run_->started_at(), ended.at);
  // Whatever it said before its end is read before the check goes on.
  conversation().wait_until([](const auto&, const auto&) { return false; },
                            Clock::now() + std::chrono::seconds(1));
  nlohmann::json fields{
      {"run", name_}, {"peak_memory_bytes", ended.peak_memory_bytes}, {"cpu_ms", ended.cpu_time.count()}};
  if (ended.exit_code) fields["exit_code"] = *ended.exit_code;
  if (ended.signal != 0) fields["signal"] = ended.signal;
  timeline_.add_at(ended.at, "process", "ended", fields);
}

}  // namespace grader
