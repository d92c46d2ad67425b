#include "../../../examples/support/reading_progress.hpp"

#include "support/text_written.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reading_progress_test {

using examples::ReadingProgress;
using std::chrono::milliseconds;

/// Reports 10,000 lines at each time and returns the written text.
std::string written(const std::vector<int>& times) {
  return heed::test::text_written([&](std::FILE* file) {
    ReadingProgress progress(file, ReadingProgress::Clock::time_point{});
    std::size_t lines = 0;
    for (const int time : times) {
      progress.show(lines += 10'000, ReadingProgress::Clock::time_point{} + milliseconds(time));
    }
  });
}

TEST(ReadingProgress, WritesNothingForShortFiles) { EXPECT_EQ(written({1, 2000, 4999}), ""); }

TEST(ReadingProgress, WritesALineEveryFiveSeconds) {
  EXPECT_EQ(written({4999, 5000, 9999, 10'000, 12'000}), "reading: 20000 lines\nreading: 40000 lines\n");
}

}  // namespace reading_progress_test
