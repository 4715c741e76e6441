#include "checks/framework/ending.hpp"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstring>

#include "checks/framework/check.hpp"

namespace grader {
namespace {

/// What a sanitizer found, in plain words; its own where there are none for it.
std::string in_plain_words(const std::string& headline) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> known{{
      {"heap-use-after-free", "memory was used after it had been freed (heap-use-after-free)"},
      {"heap-buffer-overflow", "bytes past the end of an allocation were touched (heap-buffer-overflow)"},
      {"stack-buffer-overflow", "bytes past the end of a variable were touched (stack-buffer-overflow)"},
      {"stack-use-after", "a variable was used after its end of life (stack-use-after-scope or -return)"},
      {"alloc-dealloc-mismatch",
       "memory was freed by another function than goes with its allocation "
       "(alloc-dealloc-mismatch)"},
      {"attempting double-free", "memory was freed twice (double-free)"},
      {"attempting free on address which was not malloc",
       "something was freed that is no allocation (bad-free)"},
      {"SEGV", "an address was used at which nothing is: a null pointer, or one that dangles (SEGV)"},
  }};
  for (const auto& [name, words] : known) {
    if (headline.find(name) != std::string::npos) return std::string(words);
  }
  constexpr std::string_view undefined = "runtime error: ";
  const auto at = headline.find(undefined);
  return at == std::string::npos ? headline : headline.substr(at + undefined.size());
}

/// A place in the course's sources, without what stands before phases/ or the patched copy.
std::string short_place(const std::string& place) {
  for (const char* folder : {"/phases/", "/solutions/", "/patched/"}) {
    if (const auto at = place.rfind(folder); at != std::string::npos) return place.substr(at + 1);
  }
  return place;
}

/// The lines of a sanitizer's report that say what and where.
std::string sanitizer_summary(const std::string& text) {
  std::string summary;
  std::istringstream lines(text);
  int frames = 0;
  for (std::string line; std::getline(lines, line);) {
    const bool headline = line.find("ERROR: AddressSanitizer") != std::string::npos ||
                          line.find("runtime error:") != std::string::npos;
    const bool frame = line.find("    #") == 0 && line.find(".cpp") != std::string::npos && !summary.empty();
    if (headline) summary += (summary.empty() ? "" : "\n") + in_plain_words(line);
    // Of a frame the place is enough: names of functions with all their types fill the screen.
    if (frame && frames < 3)
      summary += fmt::format("\n{} {}", frames == 0 ? "at" : "called from",
                             short_place(line.substr(line.rfind(' ') + 1)));
    frames += frame ? 1 : 0;
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
    const bool address = errors.find("ERROR: AddressSanitizer") != std::string::npos;
    return Finding{address ? "memory-error" : "undefined-behaviour",
                   address ? "your code touches its own memory only" : "your code does only what C++ defines",
                   summary};
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
    return Finding{"threw", "your function returns: what became of the events is a result, not an exception",
                   "it threw: " + threw.front().value("text", "")};
  }
  if (ended.exit_code != 0) {
    return Finding{"exit-code", expected,
                   fmt::format("exit code {}; its last words: {}", *ended.exit_code, learner.last_words())};
  }
  if (learner.said("returned").empty()) {
    return Finding{"ended-early", "the exercise's function returns to the program that called it",
                   "the process ended, with exit code 0, before the function had returned"};
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
