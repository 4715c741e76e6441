#include "checks/framework/ending.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>

#include "checks/framework/check.hpp"

namespace grader {
namespace {

/// The lines of a sanitizer's report that say what and where.
std::string sanitizer_summary(const std::string& text) {
  std::string summary;
  std::istringstream lines(text);
  int frames = 0;
  for (std::string line; std::getline(lines, line);) {
    const bool headline = line.find("ERROR: AddressSanitizer") != std::string::npos ||
                          line.find("runtime error:") != std::string::npos;
    const bool frame = line.find("    #") == 0 && line.find(".cpp") != std::string::npos && !summary.empty();
    if (headline) summary += (summary.empty() ? "" : "\n") + line;
    // Of a frame the place is enough: names of functions with all their types fill the screen.
    if (frame && frames++ < 3) summary += "\n  called from " + line.substr(line.rfind(' ') + 1);
  }
  return summary;
}

void require_implemented(Learner& learner, const std::string& exercise) {
  const auto said = learner.said("not-implemented");
  if (said.empty()) return;
  const std::string text = said.front().value("text", "");
  if (text.starts_with(exercise + ' ')) throw NotJudged{Status::not_implemented, text};
  throw NotJudged{Status::blocked_by, text};
}

}  // namespace

std::optional<Finding> fault_of(Learner& learner, const Ended& ended, const std::string& exercise) {
  require_implemented(learner, exercise);
  const std::string expected = "the program ends by itself with exit code 0";
  const std::string errors = learner.run().standard_error();
  if (const auto summary = sanitizer_summary(errors); !summary.empty()) {
    const bool address = summary.find("AddressSanitizer") != std::string::npos;
    return Finding{address ? "memory-error" : "undefined-behaviour", "no finding of the sanitizers", summary};
  }
  if (ended.over_memory) {
    return Finding{"memory-without-bound", "memory stays below the limit of 1 GiB",
                   fmt::format("it had grown to {} MiB when it was stopped", ended.peak_memory_bytes >> 20U)};
  }
  if (ended.signal == SIGXCPU || (ended.signal == SIGKILL && ended.cpu_time > std::chrono::seconds(50))) {
    return Finding{"spins", "little CPU time; waiting costs none",
                   fmt::format("{} s of CPU time", ended.cpu_time.count() / 1000)};
  }
  if (ended.signal == SIGXFSZ)
    return Finding{"output-without-bound", "a few lines of output", "more than 16 MiB"};
  if (ended.signal != 0) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): each thread has a buffer of its own since glibc 2.32
    const std::string words = strsignal(ended.signal);
    return Finding{
        "crashed", expected,
        fmt::format("signal {} ({}); its last words: {}", ended.signal, words, learner.last_words())};
  }
  if (const auto threw = learner.said("threw"); !threw.empty()) {
    return Finding{"threw", "an error of an event or the broker is a result, not an exception",
                   "it threw: " + threw.front().value("text", "")};
  }
  if (ended.exit_code != 0) {
    return Finding{"exit-code", expected,
                   fmt::format("exit code {}; its last words: {}", *ended.exit_code, learner.last_words())};
  }
  if (learner.said("returned").empty()) {
    return Finding{"ended-early", "the exercise's function returns to the program that called it",
                   "the process ended with exit code 0 without that"};
  }
  return std::nullopt;
}

void expect_ends_well(Learner& learner, std::chrono::milliseconds patience, const std::string& exercise) {
  const auto ended = learner.ended_by(Clock::now() + patience);
  if (!ended) {
    learner.kill();
    require_implemented(learner, exercise);
    throw Failed{
        {"does-not-return",
         fmt::format("the program ends within {:.1f} s", std::chrono::duration<double>(patience).count()),
         "it was still running"}};
  }
  if (const auto fault = fault_of(learner, *ended, exercise)) throw Failed{*fault};
}

void explain_absence(Learner& learner, const std::string& exercise, Finding otherwise) {
  if (const auto ended = learner.ended()) {
    if (const auto fault = fault_of(learner, *ended, exercise)) throw Failed{*fault};
    otherwise.observed += "; the program had ended by then, with exit code 0";
  }
  throw Failed{std::move(otherwise)};
}

}  // namespace grader
