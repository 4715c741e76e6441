#include "support/program.hpp"

#include <fmt/format.h>

#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/not_implemented.hpp"
#include "support/payload_hash.hpp"

namespace course {
namespace {

/// Turns the first SIGINT or SIGTERM into a stop request and lets the second one kill the program.
/// The signals are blocked for the whole process and taken by one thread, so that no code runs in a
/// signal handler.
class StopOnSignal {
 public:
  explicit StopOnSignal(std::stop_source stop) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGUSR2);  // sent by the destructor to end the thread
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::thread([this, stop]() mutable {
      int signal = 0;
      sigwait(&signals_, &signal);
      if (signal == SIGUSR2) return;
      stop.request_stop();
      // Some launchers pass one Ctrl+C on twice; only a later one means impatience.
      const auto impatient_from = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
      while (sigwait(&signals_, &signal) == 0 && signal != SIGUSR2) {
        if (std::chrono::steady_clock::now() >= impatient_from) std::_Exit(128 + signal);
      }
    });
  }
  ~StopOnSignal() {
    pthread_kill(thread_.native_handle(), SIGUSR2);
    thread_.join();
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  sigset_t signals_{};
  std::thread thread_;
};

/// What the handler throws when a check asks it to: of a type that nobody else throws, so that the check can
/// tell whether it is this one that came back.
struct HandlerFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Waits for `time`, less if a stop is requested.
void wait_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

Program::Program(std::string name, std::string what_it_does)
    : app_(std::move(what_it_does), std::move(name)) {
  app_.add_option("--bootstrap-server", bootstrap_servers_, "address of the broker")
      ->envname("KAFKA_BOOTSTRAP_SERVERS")
      ->default_str("localhost:9092");
  app_.add_option("-X", properties_, "a librdkafka property for the client, as name=value; may be repeated")
      ->check([](const std::string& text) {
        return text.find('=') == std::string::npos ? "-X needs name=value, not '" + text + "'"
                                                   : std::string();
      })
      ->allow_extra_args(false);
  app_.set_help_flag("-h,--help", "show this help");
}

void Program::add_work_option(const std::string& otherwise) {
  work_ = otherwise;
  app_.add_option("--work", work_, "how long handling one record takes, such as 200ms")
      ->capture_default_str();
}

int Program::run(int argc, char** argv, const std::function<void()>& body) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_.exit(error) == 0 ? 0 : 2;
  }
  const StopOnSignal signals(stop_);
  const auto report = [this](const char* what, const std::string& text) {
    if (check_) check_->tell({{"kind", what}, {"text", text}});
  };
  try {
    body();
    report("returned", "");
    return 0;
  } catch (const NotImplemented& todo) {
    fmt::print(stderr, "{}\n", todo.what());
    report("not-implemented", todo.what());
    return 3;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", app_.get_name(), error.what());
    const bool of_handler = dynamic_cast<const HandlerFailed*>(&error) != nullptr;
    if (check_) check_->tell({{"kind", "threw"}, {"text", error.what()}, {"of_handler", of_handler}});
    return 1;
  }
}

ClientConfig Program::client_config() const {
  ClientConfig config{
      {"bootstrap.servers", bootstrap_servers_.empty() ? "localhost:9092" : bootstrap_servers_}};
  for (const auto& property : properties_) {
    const auto equals = property.find('=');
    config[property.substr(0, equals)] = property.substr(equals + 1);
  }
  return config;
}

Handler Program::handler(std::function<void(const Record&)> print) {
  return [print = std::move(print), work = parse_duration(work_), stop = stop(),
          check = check_](const Record& record) {
    if (!check) {
      print(record);
      wait_for(work, stop);
      return;
    }
    const auto answer = check->ask({{"kind", "hook"},
                                    {"topic", record.source.topic},
                                    {"partition", record.source.partition},
                                    {"offset", record.offset},
                                    {"hash", payload_hash(record.event)}});
    if (answer.value("do", "") == "throw")
      throw HandlerFailed("the handler failed, as the check asked it to");
  };
}

bool Ticker::next() {
  if (started_) wait_for(interval_, stop_);
  started_ = true;
  return !stop_.stop_requested();
}

std::chrono::milliseconds parse_duration(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  const auto scale = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  if (error != std::errc() || scale == 0 || number < 0) {
    throw std::invalid_argument("'" + text + "' is not a duration; write 500ms, 2s or 1m");
  }
  return std::chrono::milliseconds(number * scale);
}

}  // namespace course
