// What the course keeps of a learner: standings, help given, hints.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "learner/help_given.hpp"
#include "learner/hints.hpp"
#include "learner/standing.hpp"

namespace {

namespace fs = std::filesystem;
using grader::Status;
using grader::Verdict;

class LearnerTest : public ::testing::Test {
 protected:
  LearnerTest() { paths_.state = folder_; }
  ~LearnerTest() override { fs::remove_all(folder_); }

  static Verdict verdict(const std::string& exercise, const std::string& check, Status status,
                         const std::string& diagnosis = "") {
    Verdict made{.exercise = exercise, .check = check, .part = "core", .title = check, .status = status};
    if (!diagnosis.empty()) made.finding = {.diagnosis = diagnosis, .expected = "", .observed = ""};
    return made;
  }

  void record(const std::vector<Verdict>& verdicts) {
    fs::create_directories(folder_ / "results/phases");
    grader::record_grade(paths_,
                         {.answers = "phases",
                          .seed = "1",
                          .course_version = "0",
                          .isolation = "sandbox",
                          .finished_at = "",
                          .seconds = 1,
                          .scores = {},
                          .verdicts = verdicts},
                         diagnoses_);
  }

  const fs::path folder_ = fs::temp_directory_path() / ("learner-test-" + std::to_string(getpid()));
  grader::Paths paths_ = grader::Paths::of_this_checkout();
  const grader::CourseTable course_ = grader::CourseTable::load(paths_.root / "grader/exercises.toml");
  const std::map<std::string, grader::Diagnosis> diagnoses_ =
      grader::load_diagnoses(paths_.root / "grader/report/diagnoses.toml");
};

TEST_F(LearnerTest, EveryExerciseHasThreeHintsToBeginWith) {
  for (const auto& exercise : course_.exercises)
    EXPECT_EQ(exercise.hints.size(), exercise.worked_example ? 0U : 3U) << exercise.name;
}

TEST_F(LearnerTest, HintsFitTheVerdict) {
  const auto& exercise = course_.exercise("produce_event");
  EXPECT_EQ(grader::hints_for(exercise, {}, diagnoses_).texts, exercise.hints);
  const auto failed = grader::hints_for(exercise,
                                        {verdict("produce_event", "a", Status::passed),
                                         verdict("produce_event", "b", Status::failed, "sent-twice")},
                                        diagnoses_);
  EXPECT_EQ(failed.subject, "sent-twice");
  EXPECT_EQ(failed.texts.size(), 3U);
  EXPECT_TRUE(
      grader::hints_for(exercise, {verdict("produce_event", "a", Status::passed)}, diagnoses_).texts.empty());
  EXPECT_TRUE(grader::hints_for(course_.exercise("create_topics"), {}, diagnoses_).texts.empty());
}

TEST_F(LearnerTest, HelpGivenOutlivesTheProgram) {
  fs::create_directories(folder_);
  {
    grader::HelpGiven help(folder_ / "help.json");
    help.note_hint("produce_event", "start");
    help.note_hint("produce_event", "start");
    help.note_hint("produce_event", "sent-twice");
    help.note_solution("consume_events");
  }
  const grader::HelpGiven help(folder_ / "help.json");
  EXPECT_EQ(help.hints_given("produce_event", "start"), 2U);
  EXPECT_EQ(help.hints_given("produce_event", "sent-twice"), 1U);
  EXPECT_EQ(help.hints_given("consume_events", "start"), 0U);
  EXPECT_TRUE(help.solution_seen("consume_events"));
  EXPECT_FALSE(help.solution_seen("produce_event"));
}

TEST_F(LearnerTest, ARecordOfHelpThatCannotBeReadIsEmpty) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "help.json") << R"({"hints": {"produce_event": 3})";
  EXPECT_EQ(grader::HelpGiven(folder_ / "help.json").hints_given("produce_event", "start"), 0U);
}

TEST_F(LearnerTest, StandingsComeFromTheNewestVerdictOfEveryCheck) {
  record({verdict("produce_event", "arrives", Status::failed, "never-sent"),
          verdict("produce_event", "reports", Status::passed)});
  EXPECT_EQ(grader::newest_verdicts(paths_).size(), 2U);
  const auto find = [&](const auto& list) {
    return *std::ranges::find_if(list, [](const auto& one) { return one.exercise->name == "produce_event"; });
  };
  EXPECT_EQ(find(grader::standings(paths_, course_)).last_failure, "never-sent");
  record({verdict("produce_event", "arrives", Status::passed)});
  const auto list = grader::standings(paths_, course_);
  EXPECT_TRUE(find(list).passed());
  ASSERT_NE(grader::next_of(list), nullptr);
  EXPECT_EQ(grader::next_of(list)->exercise->name, "create_topics");
}

TEST_F(LearnerTest, AWrongNameComesWithASuggestion) {
  EXPECT_EQ(grader::exercise_named(course_, "consume_events").phase, 3);
  try {
    grader::exercise_named(course_, "consume_event");
    FAIL() << "there is no such exercise";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'consume_events'?"), std::string::npos)
        << error.what();
  }
}

}  // namespace
