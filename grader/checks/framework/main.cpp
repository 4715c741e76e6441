// The main program of every exercise's checks: GoogleTest's, as `--gtest_list_tests` and
// `--gtest_filter` know it. $COURSE_ANSWERS, $COURSE_RESULTS and $COURSE_SEED are read by the checks.

#include <gtest/gtest.h>

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
