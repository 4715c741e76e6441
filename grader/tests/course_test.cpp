// The course is complete: every exercise has all its files, every check a wrong implementation that it
// catches, every diagnosis a text.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "grading/check_list.hpp"
#include "grading/mutants.hpp"
#include "harness/text_file.hpp"
#include "report/diagnoses.hpp"

namespace {

namespace fs = std::filesystem;

class CourseTest : public ::testing::Test {
 protected:
  grader::Paths paths_ = grader::Paths::of_this_checkout();
  grader::CourseTable course_ = grader::CourseTable::load(paths_.root / "grader/exercises.toml");
};

TEST_F(CourseTest, EveryExerciseHasItsFiles) {
  for (const auto& exercise : course_.exercises) {
    const auto source = exercise.source();
    for (const auto& file : {paths_.root / "phases" / source,
                             paths_.root / "phases" / exercise.folder / (exercise.name + ".hpp"),
                             paths_.root / "solutions" / source, paths_.root / "grader/skeletons" / source,
                             paths_.root / "grader/checks" / (exercise.name + ".cpp"),
                             paths_.root / "phases" / exercise.folder / "README.md"}) {
      EXPECT_TRUE(fs::exists(file)) << file;
    }
  }
}

TEST_F(CourseTest, SkeletonsAreOpenAndSolutionsAreNot) {
  for (const auto& exercise : course_.exercises) {
    const auto skeleton = grader::read_text(paths_.root / "grader/skeletons" / exercise.source());
    const auto solution = grader::read_text(paths_.root / "solutions" / exercise.source());
    if (exercise.worked_example) {
      EXPECT_EQ(skeleton, solution) << exercise.name;
      continue;
    }
    EXPECT_NE(skeleton.find("TODO(human)"), std::string::npos) << exercise.name;
    EXPECT_NE(skeleton.find("throw NotImplemented(\"" + exercise.name + "\")"), std::string::npos)
        << exercise.name;
    EXPECT_EQ(solution.find("TODO"), std::string::npos) << exercise.name;
  }
}

TEST_F(CourseTest, EveryCheckHasAWrongImplementationThatItCatches) {
  std::set<std::string> caught;
  for (const auto& mutant : grader::load_mutants(paths_, course_))
    caught.insert(mutant.exercise + '.' + mutant.check);
  for (const auto& check : grader::list_checks(paths_, course_)) {
    if (course_.exercise(check.exercise).worked_example) continue;
    EXPECT_TRUE(caught.contains(check.exercise + '.' + check.name))
        << "no mutant for " << check.exercise << '.' << check.name;
  }
}

TEST_F(CourseTest, EveryDiagnosisOfAMutantHasAText) {
  const auto diagnoses = grader::load_diagnoses(paths_.root / "grader/report/diagnoses.toml");
  for (const auto& mutant : grader::load_mutants(paths_, course_)) {
    EXPECT_TRUE(diagnoses.contains(mutant.diagnosis)) << mutant.diagnosis << " in " << mutant.patch;
  }
}

/// Names in the sources that look like a diagnosis: Finding{"name", …} and Failed{{"name", …}}.
TEST_F(CourseTest, EveryDiagnosisThatAChecksNamesHasAText) {
  const auto diagnoses = grader::load_diagnoses(paths_.root / "grader/report/diagnoses.toml");
  std::set<std::string> named;
  for (const auto& entry : fs::recursive_directory_iterator(paths_.root / "grader/checks")) {
    if (entry.path().extension() != ".cpp") continue;
    const auto text = grader::read_text(entry.path());
    for (const std::string start : {"Failed{{\"", "Finding{\""}) {
      for (auto at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
        const auto from = at + start.size();
        named.insert(text.substr(from, text.find('"', from) - from));
      }
    }
  }
  for (const auto& name : named) EXPECT_TRUE(diagnoses.contains(name)) << name;
  EXPECT_GT(named.size(), 20U);
}

TEST(DidYouMean, FindsTheNearestName) {
  EXPECT_EQ(grader::did_you_mean("produce_evnt", {"produce_event", "consume_events"}), "produce_event");
  EXPECT_EQ(grader::did_you_mean("xyz", {"produce_event"}), "");
}

}  // namespace
