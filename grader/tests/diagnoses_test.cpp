#include "report/diagnoses.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "grading/check_list.hpp"
#include "grading/diagnoses_page.hpp"

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class Diagnoses : public ::testing::Test {
 protected:
  grader::Paths paths = grader::Paths::of_this_checkout();
  grader::CourseTable course = grader::CourseTable::load(paths.root / "grader/exercises.toml");
  std::map<std::string, grader::Diagnosis> registry =
      grader::load_diagnoses(paths.root / "grader/report/diagnoses.toml");
  std::vector<grader::Mutant> mutants = grader::load_mutants(paths, course);

  /// What stands in quotation marks in the checks and looks like a name.
  std::set<std::string> quoted_in_checks() {
    std::set<std::string> words;
    const std::regex name("\"([a-z]+(-[a-z]+)*)\"");
    for (const auto& entry : fs::recursive_directory_iterator(paths.root / "grader/checks")) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp") continue;
      const std::string text = text_of(entry.path());
      for (std::sregex_iterator match(text.begin(), text.end(), name), end; match != end; ++match)
        words.insert((*match)[1]);
    }
    return words;
  }

  /// Names that checks use as a diagnosis: the first thing in a Finding.
  std::set<std::string> named_by_checks() {
    std::set<std::string> words;
    const std::regex finding(
        R"re((Finding\{|Finding unsaid\{|finding\(|Failed\{\{|return \{)\s*"([a-z]+(-[a-z]+)+)")re");
    for (const auto& entry : fs::recursive_directory_iterator(paths.root / "grader/checks")) {
      if (entry.path().extension() != ".cpp") continue;
      const std::string text = text_of(entry.path());
      for (std::sregex_iterator match(text.begin(), text.end(), finding), end; match != end; ++match)
        words.insert((*match)[2]);
    }
    return words;
  }
};

TEST_F(Diagnoses, EveryLessonIsThere) {
  for (const auto& [name, diagnosis] : registry) EXPECT_EQ(grader::broken_lesson(diagnosis, paths.root), "");
}

TEST_F(Diagnoses, EveryNameThatACheckUsesIsExplained) {
  const auto named = named_by_checks();
  EXPECT_GT(named.size(), 40U);
  for (const auto& name : named) EXPECT_TRUE(registry.contains(name)) << name << " is in no entry";
}

TEST_F(Diagnoses, EveryEntryIsUsedByACheck) {
  const auto words = quoted_in_checks();
  for (const auto& [name, unused] : registry) EXPECT_TRUE(words.contains(name)) << "no check says " << name;
}

TEST_F(Diagnoses, EveryMutantNamesAnExistingCheckAndDiagnosis) {
  const auto checks = grader::list_checks(paths, course);
  for (const auto& mutant : mutants) {
    EXPECT_TRUE(registry.contains(mutant.diagnosis)) << mutant.patch << ": " << mutant.diagnosis;
    const bool there = std::ranges::any_of(checks, [&](const grader::CheckId& check) {
      return check.exercise == mutant.exercise && check.name == mutant.check;
    });
    EXPECT_TRUE(there) << mutant.patch << ": " << mutant.check;
  }
}

TEST_F(Diagnoses, EveryMutantIsInTheCatalogue) {
  const std::string catalogue = text_of(paths.root / "docs/mistakes.md");
  for (const auto& mutant : mutants) {
    EXPECT_NE(catalogue.find('`' + mutant.name + '`'), std::string::npos)
        << mutant.exercise << ": docs/mistakes.md does not have " << mutant.name;
  }
}

TEST_F(Diagnoses, ThePageIsInDate) {
  const bool in_date = text_of(paths.root / "docs/diagnoses.md") == grader::diagnoses_page(registry, mutants);
  EXPECT_TRUE(in_date) << "write it anew: ./course diagnoses --markdown";
}

TEST(DiagnosesFile, ThreeHintsAreAskedFor) {
  const auto file = fs::temp_directory_path() / fs::path("diagnoses-" + std::to_string(getpid()) + ".toml");
  const auto error_for = [&](const std::string& hints) -> std::string {
    std::ofstream(file)
        << "[name]\ngroup = \"g\"\nhappened = \"h\"\nwhy = \"w\"\nnext = \"n\"\nlesson = \"l\"\n"
        << hints;
    try {
      grader::load_diagnoses(file);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error_for("hints = [\"a\", \"b\", \"c\"]\n"), "");
  EXPECT_NE(error_for("hints = [\"a\", \"b\"]\n").find(":1: [name] needs three 'hints'"), std::string::npos);
  EXPECT_NE(error_for("hints = [\"a\", \"\", \"c\"]\n").find("hint 2"), std::string::npos);
  EXPECT_NE(error_for("").find("three 'hints'"), std::string::npos);
  fs::remove(file);
}

TEST(DiagnosesFile, ALessonThatIsNotThereIsNamed) {
  const auto root = grader::Paths::of_this_checkout().root;
  grader::Diagnosis diagnosis;
  diagnosis.name = "name";
  diagnosis.lesson = "phases/2-producer/README.md#exercise-1-produce_event";
  EXPECT_EQ(grader::broken_lesson(diagnosis, root), "");
  diagnosis.lesson = "phases/2-producer/README.md#nowhere";
  EXPECT_NE(grader::broken_lesson(diagnosis, root).find("#nowhere"), std::string::npos);
  diagnosis.lesson = "phases/nowhere.md";
  EXPECT_NE(grader::broken_lesson(diagnosis, root).find("nowhere.md"), std::string::npos);
}

}  // namespace
