// course bench: measures what the course promises about speed, and prints the figures beside their aims.
// A program of its own, built when it is first asked for: a learner's first build need not wait for it.

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <sys/sysinfo.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>

#include "bench/scene.hpp"
#include "harness/broker_java.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "tool/interrupt.hpp"
#include "tool/terminal.hpp"

namespace grader {
namespace {

struct Part {
  const char* name;
  Section (*measure)(const Scene&);
  bool usual = true;
};

constexpr std::array parts{Part{"start", measure_start},     Part{"grade", measure_grades},
                           Part{"edit", measure_edit},       Part{"produce", measure_produce},
                           Part{"consume", measure_consume}, Part{"cold", measure_cold, false}};

struct Arguments {
  std::vector<std::string> wanted;
  unsigned runs = 5;
  unsigned grades = 5;
  bool cold = false;
  bool json = false;
  std::string python;
};

/// The value of NAME=value, quoted or not, in a file such as /etc/os-release.
std::string value_in(const std::filesystem::path& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name + '=')) continue;
    std::erase(line, '"');
    return line.substr(name.size() + 1);
  }
  return "unknown";
}

double load() {
  double one = 0;
  return getloadavg(&one, 1) == 1 ? one : 0;
}

nlohmann::json machine(const Scene& scene) {
  std::string java = "none";
  try {
    java = value_in(prepare_kafka(scene.paths).java.parent_path().parent_path() / "release", "JAVA_VERSION");
  } catch (const InfraError&) {  // each part says it too
  }
  struct sysinfo info {};
  sysinfo(&info);
  const double memory = static_cast<double>(info.totalram) * info.mem_unit / (1U << 30U);
  return {{"cores", std::thread::hardware_concurrency()},
          {"memory_gb", std::lround(memory)},
          {"system", value_in("/etc/os-release", "PRETTY_NAME")},
          {"java", java},
          {"librdkafka", rd_kafka_version_str()},
          {"load_before", load()}};
}

std::string to_text(const nlohmann::json& machine) {
  std::string text =
      fmt::format("{} cores, {} GB, {}, Java {}, librdkafka {}\n", machine.at("cores").get<int>(),
                  machine.at("memory_gb").get<int>(), machine.at("system").get<std::string>(),
                  machine.at("java").get<std::string>(), machine.at("librdkafka").get<std::string>());
  const double busy = machine.at("load_before").get<double>();
  if (busy > 0.5)
    text += fmt::format(
        "The machine was busy before the first run (load {:.1f}): trust ratios more than times.\n", busy);
  return text;
}

Section measured(const Part& part, const Scene& scene) {
  try {
    return part.measure(scene);
  } catch (const InfraError& error) {
    if (scene.stop.stop_requested()) throw;
    return {.name = part.name,
            .title = part.name,
            .figures = {{.name = "all of it", .unit = "", .note = error.what()}}};
  }
}

int run_bench(const Arguments& arguments) {
  const Terminal terminal;
  const Interrupt interrupt;
  unsetenv("KAFKA_BOOTSTRAP_SERVERS");  // NOLINT(concurrency-mt-unsafe): no thread of ours reads it yet
  Scene scene{.paths = Paths::of_this_checkout(),
              .runs = arguments.runs,
              .grades = arguments.grades,
              .python = arguments.python,
              .stop = interrupt.token()};
  scene.paths.state /= "bench";
  std::filesystem::create_directories(scene.paths.state);
  const auto alone = FileLock::try_to_get(scene.paths.state / "lock");
  if (!alone) throw InfraError("another bench is at work in this checkout");
  if (!arguments.json)
    scene.progress = [&terminal](const std::string& what) { terminal.progress(what + " …"); };

  nlohmann::json json{{"schema", 1}, {"machine", machine(scene)}, {"sections", nlohmann::json::array()}};
  if (!arguments.json) fmt::print("{}", to_text(json.at("machine")));
  bool missed = false;
  for (const auto& part : parts) {
    const bool named = std::ranges::find(arguments.wanted, part.name) != arguments.wanted.end();
    const bool usual = arguments.wanted.empty() && (part.usual || arguments.cold);
    if (!named && !usual) continue;
    const Section section = measured(part, scene);
    terminal.end_progress();
    for (const auto& figure : section.figures) missed = missed || !figure.met().value_or(true);
    json["sections"].push_back(to_json(section));
    if (!arguments.json) fmt::print("\n{}", to_text(section));
    std::fflush(stdout);
  }
  if (arguments.json) fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return missed ? 1 : 0;
}

}  // namespace
}  // namespace grader

int main(int argc, char** argv) {
  CLI::App app("Measures what the course promises about speed; exit code 1 if an aim was missed.",
               "course bench");
  grader::Arguments arguments;
  std::vector<std::string> names;
  for (const auto& part : grader::parts) names.emplace_back(part.name);
  app.add_option(
         "what", arguments.wanted,
         "parts to measure: start, grade, edit, produce, consume, cold; all but cold if none is named")
      ->check(CLI::IsMember(names));
  app.add_flag("--cold", arguments.cold, "also from nothing but packages and jars, which takes minutes");
  app.add_option("--runs", arguments.runs, "runs of each kind; a first one is not counted")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  app.add_option("--grades", arguments.grades,
                 "whole grades; many of them show whether the broker's memory grows")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--python", arguments.python, "a Python that has confluent_kafka");
  app.add_flag("--json", arguments.json, "print the figures as JSON");
  try {
    app.parse(argc, argv);
    return grader::run_bench(arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "course: " << error.what() << '\n';
    return 2;
  }
}
