#include "report/verdict.hpp"

#include <array>
#include <stdexcept>

namespace grader {
namespace {

constexpr std::array names{
    std::pair{Status::passed, "passed"},
    std::pair{Status::failed, "failed"},
    std::pair{Status::not_implemented, "not-implemented"},
    std::pair{Status::does_not_compile, "does-not-compile"},
    std::pair{Status::blocked_by, "blocked-by"},
    std::pair{Status::not_judged, "not-judged"},
    std::pair{Status::infra_error, "infra-error"},
    std::pair{Status::disturbed_the_grader, "disturbed-the-grader"},
};

}  // namespace

bool settles_exercise(Status status) {
  return status == Status::not_implemented || status == Status::does_not_compile;
}

std::string to_string(Status status) {
  for (const auto& [value, name] : names) {
    if (value == status) return name;
  }
  throw std::invalid_argument("no such status");
}

Status status_from_string(const std::string& text) {
  for (const auto& [value, name] : names) {
    if (text == name) return value;
  }
  throw std::invalid_argument("'" + text + "' is no verdict");
}

nlohmann::json to_json(const Verdict& verdict) {
  nlohmann::json json{{"exercise", verdict.exercise},
                      {"check", verdict.check},
                      {"part", verdict.part},
                      {"title", verdict.title},
                      {"verdict", to_string(verdict.status)},
                      {"steps", verdict.steps},
                      {"seconds", verdict.seconds},
                      {"program_seconds", verdict.program_seconds},
                      {"seed", verdict.seed}};
  if (!verdict.detail.empty()) json["detail"] = verdict.detail;
  if (verdict.finding) {
    json["diagnosis"] = verdict.finding->diagnosis;
    json["expected"] = verdict.finding->expected;
    json["observed"] = verdict.finding->observed;
  }
  return json;
}

Verdict verdict_from_json(const nlohmann::json& json) {
  Verdict verdict{.exercise = json.at("exercise"),
                  .check = json.at("check"),
                  .part = json.at("part"),
                  .title = json.at("title"),
                  .status = status_from_string(json.at("verdict")),
                  .detail = json.value("detail", ""),
                  .steps = json.at("steps"),
                  .seconds = json.at("seconds"),
                  .program_seconds = json.at("program_seconds"),
                  .seed = json.at("seed")};
  if (json.contains("diagnosis")) {
    verdict.finding = {.diagnosis = json["diagnosis"],
                       .expected = json.value("expected", ""),
                       .observed = json.value("observed", "")};
  }
  return verdict;
}

}  // namespace grader
