#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace grader {

/// What came of a check. Only `passed` counts as passed; `infra_error` leaves the score open.
enum class Status {
  passed,
  failed,           ///< With a diagnosis.
  not_implemented,  ///< The skeleton's TODO(human) is still there.
  does_not_compile,
  blocked_by,            ///< Another exercise, on which this one stands, is at fault.
  not_judged,            ///< This broker can't show it (a cluster that is not ours).
  infra_error,           ///< Not the learner's doing.
  disturbed_the_grader,  ///< An infrastructure error that comes back only with this submission.
};

/// Whether one verdict speaks for all checks of its exercise: nothing was written, or it does not compile.
bool settles_exercise(Status status);

/// "passed", "not-implemented", …: the spelling in files and on the screen.
std::string to_string(Status status);
Status status_from_string(const std::string& text);

/// Why a check failed, as the evidence shows it.
struct Finding {
  std::string diagnosis;  ///< A stable name from grader/report/diagnoses.toml.
  std::string expected;
  std::string observed;  ///< With topic, partition, offset where there are any.
};

/// The result of one check: what CTest, `./course grade`, results.json and the report are made from.
struct Verdict {
  std::string exercise;
  std::string check;  ///< The name of the check within its exercise.
  std::string part;   ///< "core" or "edge"
  std::string title;  ///< What the check wants, in a sentence.
  Status status = Status::infra_error;
  std::optional<Finding> finding{};  ///< When failed.
  std::string detail{};              ///< When neither passed nor failed: what stands in the way, in words.
  std::vector<std::string>
      steps{};  ///< What was done and expected, in order; the last one is where it ended.
  double seconds = 0;
  double program_seconds = 0;  ///< Of these, how long the learner's programs were running.
  std::string seed{};          ///< Repeats the check with `--seed`.
};

nlohmann::json to_json(const Verdict& verdict);
/// Throws `nlohmann::json::exception` if it is not a verdict.
Verdict verdict_from_json(const nlohmann::json& json);

}  // namespace grader
