#include "checks/framework/crash_point.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checks/framework/consumer_run.hpp"

namespace grader {
namespace {

std::string ordinal(int number) {
  const bool teen = number % 100 / 10 == 1;
  const char* ending = teen               ? "th"
                       : number % 10 == 1 ? "st"
                       : number % 10 == 2 ? "nd"
                       : number % 10 == 3 ? "rd"
                                          : "th";
  return std::to_string(number) + ending;
}

}  // namespace

std::string to_string(const CrashPoint& point) {
  if (point.call == "handler")
    return fmt::format("in the handler (the {} time {})", ordinal(point.nth), point.after);
  const std::string record =
      point.partition ? fmt::format("partition {}, offset {}", *point.partition, point.offset) : "";
  return fmt::format("{} {} ({})", point.when, point.call,
                     point.partition ? "it brought " + record : "the " + ordinal(point.nth) + " time");
}

std::string kind_of(const CrashPoint& point) {
  if (point.call == "handler") return "in the handler, " + point.after;
  const nlohmann::json call{{"call", point.call}};
  if (is_poll(call)) return point.when + " a poll";
  if (is_commit(call)) return point.when + " a commit";
  if (point.call.starts_with("rd_kafka_produce")) return point.when + " sending";
  if (point.call.ends_with("_transaction"))
    return point.when + " " + point.call.substr(9);  // its own kind each
  if (point.call.starts_with("rd_kafka_offset")) return point.when + " storing an offset";
  return "around the end";
}

std::optional<CrashPoint> PointReader::read(const nlohmann::json& question) {
  auto point = name_of(question);
  previous_ = is_hook(question)
                  ? "after another record"
                  : kind_of({.call = question.value("call", ""), .when = question.value("when", "")});
  return point;
}

std::optional<CrashPoint> PointReader::name_of(const nlohmann::json& question) {
  CrashPoint point;
  if (is_hook(question)) {
    started_ = true;
    point = {.call = "handler", .when = "in", .after = previous_};
  } else {
    if (is_unsettled_commit(question)) return std::nullopt;  // asks again when it has arrived
    point = {.call = question.value("call", ""), .when = question.value("when", "")};
    const auto records = question.find("records");
    if (records != question.end() && !records->empty()) {
      started_ = true;
      point.partition = records->front().value("partition", -1);
      point.offset = records->front().value("offset", std::int64_t{-1});
    }
  }
  if (!started_) return std::nullopt;
  const auto before = std::ranges::find(seen_, point, &std::pair<CrashPoint, int>::first);
  if (before == seen_.end()) {
    seen_.emplace_back(point, 1);
    if (!point.partition) point.nth = 1;
    return point;
  }
  ++before->second;
  if (point.partition) return std::nullopt;  // the same record again is no place of its own
  point.nth = before->second;
  return point;
}

}  // namespace grader
