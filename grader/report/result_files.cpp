#include "report/result_files.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <sstream>

#include "report/verdict_text.hpp"

namespace grader {
namespace {

nlohmann::json number_or_null(const std::optional<double>& number) {
  return number ? nlohmann::json(*number) : nlohmann::json(nullptr);
}

std::string points_text(const std::optional<double>& points, double maximum) {
  return points ? fmt::format("{:g} / {:g}", *points, maximum) : fmt::format("open / {:g}", maximum);
}

/// JUnit knows passed, failure, error and skipped.
void add_outcome(pugi::xml_node test, const Verdict& verdict,
                 const std::map<std::string, Diagnosis>& diagnoses) {
  const char* element = nullptr;
  switch (verdict.status) {
    case Status::passed:
      return;
    case Status::not_judged:
      element = "skipped";
      break;
    case Status::infra_error:
    case Status::disturbed_the_grader:
      element = "error";
      break;
    default:
      element = "failure";
  }
  auto outcome = test.append_child(element);
  const std::string message = verdict.finding ? verdict.finding->diagnosis : to_string(verdict.status);
  outcome.append_attribute("message") = message.c_str();
  outcome.append_attribute("type") = to_string(verdict.status).c_str();
  outcome.text() = to_text(verdict, diagnoses).c_str();
}

}  // namespace

nlohmann::json to_json(const Grade& grade, const std::map<std::string, Diagnosis>& diagnoses) {
  const Total sum = total(grade.scores);
  nlohmann::json json{{"schema", 1},
                      {"answers", grade.answers},
                      {"score", number_or_null(sum.points)},
                      {"maximum", sum.maximum},
                      {"seed", grade.seed},
                      {"course_version", grade.course_version},
                      {"isolation", grade.isolation},
                      {"finished_at", grade.finished_at},
                      {"seconds", grade.seconds},
                      {"exercises", nlohmann::json::array()},
                      {"checks", nlohmann::json::array()}};
  for (const auto& one : grade.scores) {
    json["exercises"].push_back({{"exercise", one.exercise},
                                 {"verdict", to_string(one.status)},
                                 {"score", number_or_null(one.points)},
                                 {"maximum", one.maximum},
                                 {"checks_passed", one.passed},
                                 {"checks", one.checks}});
  }
  for (const auto& verdict : grade.verdicts) {
    auto check = to_json(verdict);
    if (verdict.finding) {
      if (const auto known = diagnoses.find(verdict.finding->diagnosis); known != diagnoses.end()) {
        check["happened"] = known->second.happened;
        check["why"] = known->second.why;
        check["next"] = known->second.next;
        check["lesson"] = known->second.lesson;
      }
    }
    json["checks"].push_back(std::move(check));
  }
  return json;
}

std::string to_junit(const Grade& grade, const std::map<std::string, Diagnosis>& diagnoses) {
  pugi::xml_document document;
  auto suites = document.append_child("testsuites");
  suites.append_attribute("name") = "kafka-course";
  for (const auto& one : grade.scores) {
    auto suite = suites.append_child("testsuite");
    suite.append_attribute("name") = one.exercise.c_str();
    int counts[3] = {0, 0, 0};  // failures, errors, skipped
    double seconds = 0;
    for (const auto& verdict : grade.verdicts) {
      if (verdict.exercise != one.exercise) continue;
      auto test = suite.append_child("testcase");
      test.append_attribute("classname") = fmt::format("{}.{}", verdict.exercise, verdict.part).c_str();
      test.append_attribute("name") = verdict.check.c_str();
      test.append_attribute("time") = fmt::format("{:.3f}", verdict.seconds).c_str();
      add_outcome(test, verdict, diagnoses);
      seconds += verdict.seconds;
      if (test.child("failure")) ++counts[0];
      if (test.child("error")) ++counts[1];
      if (test.child("skipped")) ++counts[2];
    }
    suite.append_attribute("tests") = one.checks;
    suite.append_attribute("failures") = counts[0];
    suite.append_attribute("errors") = counts[1];
    suite.append_attribute("skipped") = counts[2];
    suite.append_attribute("time") = fmt::format("{:.3f}", seconds).c_str();
  }
  std::ostringstream text;
  document.save(text, "  ");
  return std::move(text).str();
}

std::string to_markdown(const Grade& grade, const std::map<std::string, Diagnosis>& diagnoses) {
  const Total sum = total(grade.scores);
  std::string text = fmt::format(
      "## Kafka course: {} points\n\n| exercise | verdict | checks | points |\n| --- | --- | --- | --- |\n",
      points_text(sum.points, sum.maximum));
  for (const auto& one : grade.scores) {
    text += fmt::format("| `{}` | {} | {} / {} | {} |\n", one.exercise, to_string(one.status), one.passed,
                        one.checks, points_text(one.points, one.maximum));
  }
  for (const auto& verdict : grade.verdicts) {
    if (verdict.status == Status::passed || verdict.status == Status::not_implemented) continue;
    const std::string what = verdict.finding ? verdict.finding->diagnosis : to_string(verdict.status);
    text +=
        fmt::format("\n<details><summary><code>{}</code> {}: {}</summary>\n\n```text\n{}\n```\n</details>\n",
                    verdict.exercise, verdict.check, what, to_text(verdict, diagnoses));
  }
  return text + fmt::format("\nSeed `{}`, course {}, isolation {}.\n", grade.seed, grade.course_version,
                            grade.isolation);
}

}  // namespace grader
