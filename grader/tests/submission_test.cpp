// What is taken from somebody else's folder, and what is not.

#include "grading/submission.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace {

namespace fs = std::filesystem;

class SubmissionTest : public ::testing::Test {
 public:
  SubmissionTest() { fs::create_directories(folder_ / "phases/2-producer"); }
  ~SubmissionTest() override { fs::remove_all(base_); }

 protected:
  grader::Submission take() { return grader::take_submission(folder_, base_ / "copy", "s", course_); }
  std::string taken(const std::string& exercise) {
    const std::ifstream in(take().answers.sources.at(exercise));
    return {std::istreambuf_iterator<char>(in.rdbuf()), {}};
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / "phases" / name) << text;
  }

  fs::path base_ = fs::temp_directory_path() / ("submission-test-" + std::to_string(getpid()));
  fs::path folder_ = base_ / "theirs";
  grader::CourseTable course_ =
      grader::CourseTable::load(grader::Paths::of_this_checkout().root / "grader/exercises.toml");
};

TEST_F(SubmissionTest, TakesExercisesAndNothingElse) {
  write("2-producer/produce_event.cpp", "int theirs;\n");
  write("2-producer/produce_event.hpp", "int not_taken;\n");
  write("CMakeLists.txt", "message(FATAL_ERROR)\n");
  EXPECT_EQ(taken("produce_event"), "int theirs;\n");
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(base_ / "copy"))
    files += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(files, 1U);
}

TEST_F(SubmissionTest, FollowsNoLinks) {
  write("2-producer/produce_event.cpp", "int theirs;\n");
  fs::create_symlink("/etc/passwd", folder_ / "phases/2-producer/produce_events_batch.cpp");
  fs::create_directory_symlink(folder_ / "phases/2-producer", folder_ / "phases/3-consumer");
  EXPECT_NE(taken("produce_events_batch").find("#error"), std::string::npos);
  const auto submission = take();
  EXPECT_GE(submission.notes.size(), 1U);
}

TEST_F(SubmissionTest, RefusesBinariesGiantsAndPipes) {
  write("2-producer/produce_event.cpp", std::string("int a;\0", 7));
  write("2-producer/produce_events_batch.cpp", std::string(300'000, ' '));
  EXPECT_NE(taken("produce_event").find("no text file"), std::string::npos);
  EXPECT_NE(taken("produce_events_batch").find("larger than"), std::string::npos);
  fs::remove(folder_ / "phases/2-producer/produce_event.cpp");
  ASSERT_EQ(mkfifo((folder_ / "phases/2-producer/produce_event.cpp").c_str(), 0600), 0);
  EXPECT_NE(taken("produce_event").find("no regular file"), std::string::npos);
}

TEST_F(SubmissionTest, AFolderWithoutExercisesIsAnError) {
  EXPECT_THROW(take(), std::invalid_argument);
  EXPECT_THROW(grader::take_submission(base_ / "nowhere", base_ / "copy", "s", course_),
               std::invalid_argument);
}

}  // namespace
