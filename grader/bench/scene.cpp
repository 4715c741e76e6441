#include "bench/scene.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <fstream>

#include "harness/broker_process.hpp"
#include "harness/broker_state.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto longest_run = 10min;

}  // namespace

void Scene::go_on(const std::string& what) const {
  if (stop.stop_requested()) throw InfraError("interrupted");
  progress(what);
}

Finished run(const Scene& scene, std::vector<std::string> command, const Environment& environment) {
  if (command.front().find('/') == std::string::npos) command.insert(command.begin(), "/usr/bin/env");
  const fs::path log = scene.paths.state / "output.log";
  const auto started = Clock::now();
  Child child({.arguments = std::move(command),
               .environment = environment_with(environment),
               .folder = scene.paths.state,
               .log = log});
  while (!has_ended_within(child.process(), 200ms)) {
    if (scene.stop.stop_requested()) throw InfraError("interrupted");
    if (Clock::now() - started > longest_run) throw InfraError("a program that is measured does not end");
  }
  const double seconds = Seconds(Clock::now() - started).count();
  const int status = child.wait();
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .seconds = seconds,
          .output = read_text(log)};
}

Finished run_well(const Scene& scene, const std::vector<std::string>& command,
                  const Environment& environment) {
  auto finished = run(scene, command, environment);
  if (finished.exit_code == 0) return finished;
  const std::string& all = finished.output;
  throw InfraError(fmt::format("{} ended with {}: {}", fs::path(command.front()).filename().string(),
                               finished.exit_code,
                               all.substr(all.size() - std::min<std::size_t>(all.size(), 500))));
}

BenchBroker::BenchBroker(const Scene& scene) : folder_(scene.broker()) {
  stop_broker(folder_);
  fs::remove_all(folder_);
  broker_ = start_broker(scene.paths, folder_);
}

BenchBroker::~BenchBroker() {
  try {
    stop_broker(folder_);
    fs::remove_all(folder_);
  } catch (const std::exception& error) {
    fmt::print(stderr, "course: the bench's broker does not end: {}\n", error.what());
  }
}

double BenchBroker::resident_memory() const {
  std::ifstream status(fmt::format("/proc/{}/status", broker_.java_pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  throw InfraError("the broker ended while it was measured");
}

}  // namespace grader
