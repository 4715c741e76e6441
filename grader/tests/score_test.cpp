#include "report/score.hpp"

#include <gtest/gtest.h>

#include "report/result_files.hpp"

namespace {

using grader::Status;
using grader::Verdict;

grader::Exercise exercise() {
  return {.name = "produce_event",
          .title = "",
          .phase = 2,
          .folder = "2-producer",
          .points = 10,
          .core_share = 0.6,
          .stands_on = ""};
}

Verdict verdict(const std::string& part, Status status) {
  return {.exercise = "produce_event",
          .check = part + "-check",
          .part = part,
          .title = "a title",
          .status = status};
}

TEST(Score, LeavesOutAnExerciseOfWhichNothingCouldBeJudged) {
  const auto score =
      grader::score(exercise(), {verdict("core", Status::not_judged), verdict("edge", Status::not_judged)});
  EXPECT_EQ(score.status, Status::not_judged);
  EXPECT_EQ(score.points, 0);
  EXPECT_EQ(score.maximum, 0);
}

TEST(Score, CoreAndEdgeChecksShareThePoints) {
  const auto score =
      grader::score(exercise(), {verdict("core", Status::passed), verdict("core", Status::failed),
                                 verdict("edge", Status::passed), verdict("edge", Status::passed)});
  EXPECT_DOUBLE_EQ(score.points.value(), 0.6 * 5 + 4);
  EXPECT_EQ(score.status, Status::failed);
}

TEST(Score, IsOpenAsLongAsInfrastructureLeftACheckOpen) {
  const auto score =
      grader::score(exercise(), {verdict("core", Status::passed), verdict("edge", Status::infra_error)});
  EXPECT_FALSE(score.points);
  EXPECT_FALSE(grader::total({score}).points);
}

TEST(Score, LeavesOutWhatThisClusterCannotShow) {
  const auto score =
      grader::score(exercise(), {verdict("core", Status::passed), verdict("edge", Status::not_judged)});
  EXPECT_DOUBLE_EQ(score.points.value(), 10);
}

TEST(Score, AnUnopenedExerciseIsWorthNothing) {
  const auto score = grader::score(
      exercise(), {verdict("core", Status::not_implemented), verdict("edge", Status::not_implemented)});
  EXPECT_DOUBLE_EQ(score.points.value(), 0);
  EXPECT_EQ(score.status, Status::not_implemented);
}

TEST(Verdicts, SurviveTheirFile) {
  auto one = verdict("core", Status::failed);
  one.finding = {.diagnosis = "not-in-the-log", .expected = "this", .observed = "that"};
  one.steps = {"first", "second"};
  const auto again = grader::verdict_from_json(grader::to_json(one));
  EXPECT_EQ(again.finding->observed, "that");
  EXPECT_EQ(again.steps, one.steps);
  EXPECT_EQ(again.status, Status::failed);
}

TEST(JUnit, EscapesWhatALearnerPrinted) {
  auto one = verdict("core", Status::failed);
  one.finding = {.diagnosis = "crashed", .expected = "<b>", .observed = "]]> & \x01"};
  grader::Grade grade{.answers = "phases",
                      .seed = "1",
                      .course_version = "0",
                      .isolation = "",
                      .finished_at = "",
                      .seconds = 0,
                      .scores = {grader::score(exercise(), {one})},
                      .verdicts = {one}};
  const auto text = grader::to_junit(grade, {});
  EXPECT_NE(text.find("&lt;b&gt;"), std::string::npos) << text;
  EXPECT_NE(text.find("failures=\"1\""), std::string::npos) << text;
}

}  // namespace
