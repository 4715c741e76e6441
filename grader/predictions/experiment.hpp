#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "predictions/settings.hpp"

namespace grader {

class Scene;

/// Rows under a heading, each with as many cells as there are columns.
struct ResultTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows{};
};

/// Something that happened, and when, in the time of the experiment.
struct Moment {
  std::chrono::milliseconds at;
  std::string who;
  std::string what;
};

/// What an experiment saw.
struct Observation {
  std::string outcome{};                 ///< One of the experiment's outcomes; empty if it counts something.
  std::optional<std::int64_t> number{};  ///< What it counted.
  ResultTable table{{}};
  std::vector<Moment> timeline{};
  std::string remark{};  ///< A sentence about these figures, if they need one.
};

/// A question that the broker can be asked. Which outcome it has follows from what the broker does under the
/// settings: nothing here knows an answer.
struct Experiment {
  std::string name;
  std::vector<Setting> settings;
  std::vector<std::string> outcomes{};  ///< Every outcome that it can tell; none if it counts something.
  bool on_cluster = false;  ///< It does things to brokers, and needs three of them (`Place::cluster`).
  /// Throws `InfraError` if the broker fails it or what was seen settles nothing, `Interrupted` if it was
  /// stopped.
  std::function<Observation(Scene&, const Settings&)> run;
};

}  // namespace grader
