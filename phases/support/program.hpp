#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "support/client_config.hpp"
#include "support/record.hpp"
#include "support/report_channel.hpp"

namespace course {

/// What the programs of all phases share: options, Ctrl+C, exit codes, and the line to a check.
///
/// Exit codes: 0 done, 1 failed, 2 wrong options, 3 an exercise is not implemented yet.
class Program {
 public:
  Program(std::string name, std::string what_it_does);

  /// For options of the program's own.
  CLI::App& options() { return app_; }

  /// Parses the options and runs `body`. Whatever `body` throws is printed and becomes the exit
  /// code; call this last in `main` and return its result.
  int run(int argc, char** argv, const std::function<void()>& body);

  /// Broker address and every `-X name=value`, for the client that the exercise creates.
  /// The address is `--bootstrap-server`, else KAFKA_BOOTSTRAP_SERVERS, else localhost:9092.
  [[nodiscard]] ClientConfig client_config() const;

  /// Stopped by Ctrl+C (SIGINT) or SIGTERM; valid during `run`. A second Ctrl+C ends the program at once.
  [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }

  /// The line to the check that started this program; null when run by hand.
  [[nodiscard]] const std::shared_ptr<ReportChannel>& check() const { return check_; }

  /// Adds `--work DURATION` with a default, for programs whose exercise calls a handler.
  void add_work_option(const std::string& otherwise = "0ms");

  /// A handler for the exercises that consume. By hand it calls `print` and then works for as long as
  /// `--work` says; under a check it shows the record to the check, waits for leave to go on, and
  /// throws if the check asks it to.
  [[nodiscard]] Handler handler(std::function<void(const Record&)> print);

 private:
  CLI::App app_;
  std::string bootstrap_servers_;
  std::vector<std::string> properties_;
  std::string work_;
  std::stop_source stop_;
  std::shared_ptr<ReportChannel> check_ = ReportChannel::from_environment();
};

/// Wakes its caller at a steady pace until a stop is requested.
class Ticker {
 public:
  Ticker(std::chrono::milliseconds interval, std::stop_token stop)
      : interval_(interval), stop_(std::move(stop)) {}

  /// Waits for the next tick (the first comes at once). False when a stop was requested.
  bool next();

 private:
  std::chrono::milliseconds interval_;
  std::stop_token stop_;
  bool started_ = false;
};

/// "500ms", "2s", "1m" as a duration. Throws `std::invalid_argument` with the forms it takes.
std::chrono::milliseconds parse_duration(const std::string& text);

}  // namespace course
