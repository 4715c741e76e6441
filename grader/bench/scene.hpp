#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/figure.hpp"
#include "harness/broker.hpp"
#include "harness/command.hpp"
#include "harness/paths.hpp"

namespace grader {

/// What all measurements share.
struct Scene {
  Paths paths;  ///< `state` is a folder of the bench's own: a learner's broker and results are left alone.
  unsigned runs = 5;
  unsigned grades = 5;
  std::string python;  ///< Empty: wherever confluent_kafka is found.
  std::stop_token stop{};
  std::function<void(const std::string&)> progress = [](const std::string&) {};

  [[nodiscard]] std::filesystem::path broker() const { return paths.state / "broker"; }

  /// Throws `InfraError` once Ctrl+C was pressed.
  void go_on(const std::string& what) const;
};

using Seconds = std::chrono::duration<double>;

/// How a program of ours ended.
struct Finished {
  int exit_code = 0;   ///< 128 + signal if a signal ended it.
  double seconds = 0;  ///< From before its start to after its end.
  std::string output;  ///< stdout and stderr together.
};

/// Runs a program (its name or path) to its end, with some environment variables set. Throws `InfraError`
/// when the bench is stopped meanwhile, or it takes more than ten minutes.
Finished run(const Scene& scene, std::vector<std::string> command, const Environment& environment = {});

/// The same; throws `InfraError` with its last lines if it fails.
Finished run_well(const Scene& scene, const std::vector<std::string>& command,
                  const Environment& environment = {});

/// A broker that was started with nothing in it, and ends with this object.
class BenchBroker {
 public:
  explicit BenchBroker(const Scene& scene);
  ~BenchBroker();
  BenchBroker(const BenchBroker&) = delete;
  BenchBroker& operator=(const BenchBroker&) = delete;

  [[nodiscard]] const Broker& operator*() const { return broker_; }
  [[nodiscard]] const Broker* operator->() const { return &broker_; }

  /// Of the broker's Java, in MB.
  [[nodiscard]] double resident_memory() const;

 private:
  std::filesystem::path folder_;
  Broker broker_;
};

// The measurements, each in a file of its own.
Section measure_start(const Scene& scene);
Section measure_grades(const Scene& scene);
Section measure_edit(const Scene& scene);
Section measure_produce(const Scene& scene);
Section measure_consume(const Scene& scene);
Section measure_cold(const Scene& scene);

}  // namespace grader
