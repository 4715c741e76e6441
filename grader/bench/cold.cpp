// From nothing but installed packages and Kafka's jars to a whole grade.

#include <fmt/format.h>

#include <filesystem>

#include "bench/scene.hpp"
#include "harness/broker_java.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

/// A folder that goes away, and the broker in it before that.
class Cleared {
 public:
  explicit Cleared(fs::path folder) : folder_(std::move(folder)) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Cleared() {
    try {
      stop_broker(folder_ / "state/broker");
      fs::remove_all(folder_);
    } catch (const std::exception& error) {
      fmt::print(stderr, "course: {}\n", error.what());
    }
  }
  Cleared(const Cleared&) = delete;
  Cleared& operator=(const Cleared&) = delete;

  [[nodiscard]] fs::path operator/(const fs::path& name) const { return folder_ / name; }

 private:
  fs::path folder_;
};

}  // namespace

Section measure_cold(const Scene& scene) {
  const Cleared folder(scene.paths.state / "cold");
  // The jars are there, the formatted folder and the class-data archive are not.
  const fs::path jars = prepare_kafka(scene.paths).prepared.parent_path() / "libs";
  const fs::path cache = folder / "cache/kafka-course" / jars.parent_path().filename();
  fs::create_directories(cache);
  fs::copy(jars, cache / "libs", fs::copy_options::recursive);

  const std::string root = scene.paths.root.string();
  const std::string build = folder / "build";
  const std::string course = folder / "build/bin/course";
  const Environment environment{{"COURSE_STATE_DIR", folder / "state"}, {"XDG_CACHE_HOME", folder / "cache"}};
  Section section{.name = "cold", .title = "From nothing but installed packages and jars to a whole grade"};
  double total = 0;
  const auto step = [&](const std::string& name, const std::vector<std::string>& command) {
    scene.go_on("cold: " + name);
    const double seconds = run_well(scene, command, environment).seconds;
    total += seconds;
    section.figures.push_back({.name = name, .unit = "s", .measured = Summary::of({seconds})});
  };
  // As the launcher ./course does it.
  step("configuring", {"cmake", "-S", root, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo"});
  step("building the grader", {"ninja", "-C", build, "course_tool", "grader/checks/all", "grader/watch/all"});
  step("preparing and starting the broker", {course, "broker", "start"});
  step("compiling and grading the solutions", {course, "grade", "--solutions"});
  section.figures.push_back({.name = "in all", .unit = "s", .measured = Summary::of({total})});
  return section;
}

}  // namespace grader
