// Questions and experiments fit together: everything that can be asked can be settled and explained, and no
// file says how it will end.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "harness/infra_error.hpp"
#include "harness/paths.hpp"
#include "predictions/experiments.hpp"
#include "predictions/journal.hpp"
#include "predictions/question.hpp"
#include "predictions/reflection.hpp"

namespace {

namespace fs = std::filesystem;
using grader::Experiment;
using grader::Question;
using grader::Settings;

/// A folder that goes with the test.
class Folder {
 public:
  Folder() : path(fs::temp_directory_path() / ("predictions-test-" + std::to_string(getpid()))) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] fs::path write(const std::string& text) const {
    const auto file = path / "predictions.toml";
    std::ofstream(file) << text;
    return file;
  }

  fs::path path;
};

class PredictionsTest : public ::testing::Test {
 protected:
  [[nodiscard]] const Experiment* experiment(const std::string& name) const {
    const auto found = std::ranges::find(experiments_, name, &Experiment::name);
    return found == experiments_.end() ? nullptr : &*found;
  }

  fs::path root_ = grader::Paths::of_this_checkout().root;
  std::vector<Question> questions_ = grader::all_questions(root_);
  std::vector<Experiment> experiments_ = grader::all_experiments();
  std::map<std::string, grader::Explanations> explanations_ =
      grader::load_explanations(root_ / "grader/predictions/explanations");
};

TEST_F(PredictionsTest, EveryQuestionHasAnExperimentWithTheseSettings) {
  EXPECT_GE(questions_.size(), 20U);
  for (const auto& question : questions_) {
    const auto* const settles = experiment(question.name);
    ASSERT_NE(settles, nullptr) << question.place << ": no experiment " << question.name;
    EXPECT_NO_THROW(Settings(settles->settings, question.settings, question.place));
  }
  for (const auto& one : experiments_) {
    EXPECT_NE(std::ranges::find(questions_, one.name, &Question::name), questions_.end())
        << "nobody asks for " << one.name;
  }
}

TEST_F(PredictionsTest, EveryOutcomeCanBeChosenAndIsExplained) {
  for (const auto& question : questions_) {
    const auto& settles = *experiment(question.name);
    const auto& explained = explanations_[question.name];
    EXPECT_EQ(question.choices.empty(), settles.outcomes.empty()) << question.name;
    for (const auto& outcome : settles.outcomes) {
      EXPECT_NE(std::ranges::find(question.choices, outcome, &grader::Choice::name), question.choices.end())
          << question.name << " has no choice for " << outcome;
      EXPECT_TRUE(explained.contains(outcome)) << question.name << ", " << outcome;
    }
    // As many explanations as outcomes: one alone would be an answer.
    EXPECT_EQ(explained.size(), std::max<std::size_t>(settles.outcomes.size(), 1)) << question.name;
    EXPECT_EQ(settles.outcomes.empty(), explained.contains("number")) << question.name;
  }
  EXPECT_EQ(explanations_.size(), questions_.size());
}

TEST_F(PredictionsTest, WhatIsShownHasNothingLeftToFillIn) {
  for (const auto& question : questions_) {
    const Settings settings(experiment(question.name)->settings, question.settings, question.place);
    std::vector<std::string> shown{question.text};
    for (const auto& choice : question.choices) shown.push_back(choice.text);
    for (const auto& [unused, text] : explanations_[question.name]) shown.push_back(text);
    for (const auto& text : shown) {
      const auto filled = settings.fill_in(text);
      EXPECT_EQ(filled.find('{'), std::string::npos) << question.name << ": " << filled;
    }
  }
}

TEST_F(PredictionsTest, ReflectionHasQuestionsAndWhatToTouchOn) {
  const auto questions = grader::load_reflection(root_);
  EXPECT_GE(questions.size(), 2U);
  for (const auto& question : questions) EXPECT_GE(question.touches_on.size(), 2U) << question.name;
}

TEST(Questions, AFileWithAnAnswerIsRefused) {
  const Folder folder;
  const std::string question = "[[question]]\nname = 'n'\ntitle = 't'\ntext = 'x'\nunit = 'u'\n";
  EXPECT_NO_THROW((void)grader::load_questions(folder.write(question), 1));
  for (const std::string more : {"answer = 3", "expected = 3", "explanation = 'because'"})
    EXPECT_THROW((void)grader::load_questions(folder.write(question + more), 1), std::invalid_argument)
        << more;
}

TEST(Questions, ChoicesAreDistinct) {
  const Folder folder;
  const std::string question = "[[question]]\nname = 'n'\ntitle = 't'\ntext = 'x'\nchoices = ";
  const auto load = [&](const std::string& choices) {
    return grader::load_questions(folder.write(question + choices), 1);
  };
  EXPECT_EQ(load("[{name='a', text='A'}, {name='b', text='B'}]").front().choices.size(), 2U);
  EXPECT_THROW((void)load("[{name='a', text='A'}, {name='a', text='B'}]"), std::invalid_argument);
  EXPECT_THROW((void)load("[{name='a', text='A'}, {name='b', text='A'}]"), std::invalid_argument);
  EXPECT_THROW((void)load("[{name='a', text='A'}]"), std::invalid_argument);
}

TEST(SettingsTest, NameWhatIsWrong) {
  const std::vector<grader::Setting> declared{{.name = "acks", .words = {"1", "all"}},
                                              {.name = "orders", .lowest = 1, .highest = 9}};
  const auto complaint = [&](const std::map<std::string, std::string>& values) {
    try {
      (void)Settings(declared, values, "file:7");
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(complaint({{"acks", "all"}, {"orders", "9"}}), "none");
  EXPECT_EQ(complaint({{"acks", "all"}}), "file:7: the setting 'orders' is missing");
  EXPECT_EQ(complaint({{"acks", "some"}, {"orders", "3"}}),
            "file:7: 'acks' must be one of 1, all, and is 'some'");
  EXPECT_EQ(complaint({{"acks", "1"}, {"orders", "10"}}),
            "file:7: 'orders' must be a whole number from 1 to 9, and is '10'");
  EXPECT_EQ(complaint({{"acks", "1"}, {"orders", "3"}, {"order", "3"}}),
            "file:7: there is no setting 'order'; did you mean 'orders'?");
}

TEST(JournalTest, KeepsWhatWasSettledAndReplacesWhatWasNot) {
  const Folder folder;
  grader::Journal journal(folder.path);
  EXPECT_FALSE(journal.is_settled("q"));
  journal.add("q", {.answer = "a", .why = "so", .made_at = "now"});
  journal.add("q", {.answer = "b", .why = "", .made_at = "now"});
  ASSERT_EQ(journal.predictions("q").size(), 1U);
  EXPECT_FALSE(journal.is_settled("q"));
  journal.settle("q", "c", {{"acks", "1"}});
  EXPECT_TRUE(journal.is_settled("q"));
  journal.add("q", {.answer = "c", .why = "", .made_at = "later"});
  ASSERT_EQ(journal.predictions("q").size(), 2U);
  EXPECT_EQ(journal.predictions("q").front().answer, "b");
  EXPECT_EQ(journal.predictions("q").front().observed, "c");
  EXPECT_TRUE(journal.is_settled("q"));
  EXPECT_EQ(fs::status(folder.path / "answers.json").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);

  std::ofstream(folder.path / "answers.json") << "{";
  EXPECT_THROW((void)journal.predictions("q"), grader::InfraError);
}

}  // namespace
