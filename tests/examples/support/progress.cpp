#include "../../../examples/support/progress.hpp"

#include "support/text_written.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace progress_test {

using examples::Progress;
using examples::ProgressState;
using std::chrono::milliseconds;

/// Reports `steps` steps, one every `pace`, and returns the written text.
std::string written(bool live, int steps, milliseconds pace, bool with_line = false) {
  return heed::test::text_written([&](std::FILE* file) {
    const Progress::Clock::time_point start{};
    Progress progress(file, live, start);
    for (int i = 1; i <= steps; ++i) {
      progress.show({.epoch = 1, .epochs = 2, .done = double(i) / steps, .loss = 2.5, .tokens = i * 100LL},
                    start + i * pace);
    }
    if (with_line) progress.line("saved");
  });
}

long count(const std::string& text, char c) { return std::count(text.begin(), text.end(), c); }

TEST(ProgressText, ShowsEpochProgressLossSpeedAndTimeLeft) {
  const ProgressState state{.epoch = 3, .epochs = 14, .done = 0.25, .loss = 1.23456, .tokens = 50'000};
  EXPECT_EQ(examples::progress_text(state, 10, 30), "epoch 3/14  25 %  loss 1.2346  5000 tokens/s  30 s left");
  EXPECT_EQ(examples::progress_text(state, 100, 300), "epoch 3/14  25 %  loss 1.2346  500 tokens/s  5:00 left");
  EXPECT_EQ(examples::progress_text(state, 1241, 3723), "epoch 3/14  25 %  loss 1.2346  40 tokens/s  1:02:03 left");
  EXPECT_EQ(examples::progress_text(state, 10, -1), "epoch 3/14  25 %  loss 1.2346  5000 tokens/s");
}

TEST(ProgressText, SupportsInvalidStates) {
  EXPECT_EQ(examples::progress_text({}, 0, -1), "epoch 0/0  0 %  loss 0.0000  0 tokens/s");
  const ProgressState odd{.done = 2, .loss = std::numeric_limits<double>::quiet_NaN()};
  EXPECT_NE(examples::progress_text(odd, 61, 5).find("100 %  loss nan"), std::string::npos);
  EXPECT_NE(examples::progress_text({.done = 1e-300}, 1e5, 1e305).find("over 100 h left"), std::string::npos);
}

TEST(ProgressText, WritesLongNumbersCompletely) {
  const std::string text = examples::detail::formatted("%.4f", 1e300);
  EXPECT_EQ(text.size(), 306U);
  EXPECT_EQ(std::stod(text), 1e300);
  EXPECT_EQ(examples::detail::formatted("%.2f", -0.5), "-0.50");
}

/// Reports the shares at their times in seconds and returns the last written line.
std::string last_line(const std::vector<std::pair<double, double>>& times_and_shares) {
  const std::string text = heed::test::text_written([&](std::FILE* file) {
    const Progress::Clock::time_point start{};
    Progress progress(file, false, start);
    for (const auto& [seconds, share] : times_and_shares) {
      progress.show({.done = share}, start + milliseconds(static_cast<long>(1000 * seconds)));
    }
  });
  return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

TEST(Progress, TimeLeftIgnoresTheFirstStep) {
  // The first of 100 steps takes 8 s, the others 1 s each.
  EXPECT_EQ(last_line({{8, 0.01}}).find("left"), std::string::npos) << "one step is not enough for an estimate";
  EXPECT_NE(last_line({{8, 0.01}, {9, 0.02}}).find("  1:38 left"), std::string::npos);
  EXPECT_NE(last_line({{8, 0.01}, {9, 0.02}, {57, 0.5}}).find("  50 s left"), std::string::npos);
}

TEST(Progress, TimeLeftOfAResumedRunUsesThisSession) {
  EXPECT_NE(last_line({{1, 0.90}, {2, 0.91}}).find("  9 s left"), std::string::npos);
}

TEST(Progress, WritesPlainLinesEveryFiveSecondsAndAtTheEnd) {
  const std::string text = written(false, 121, milliseconds(100));
  EXPECT_EQ(count(text, '\n'), 4);  // at 0.1, 5.1 and 10.1 seconds and at the end
  EXPECT_EQ(count(text, '\x1b') + count(text, '\r'), 0);
  EXPECT_NE(text.rfind("100 %"), std::string::npos);
}

TEST(Progress, DoesNotRepeatTheLastLine) {
  EXPECT_EQ(count(written(false, 1, milliseconds(100)), '\n'), 1);
  EXPECT_EQ(written(false, 0, milliseconds(100)), "");
}

TEST(Progress, RewritesOneLineTenTimesPerSecondAndClearsIt) {
  setenv("NO_COLOR", "1", 1);
  const std::string text = written(true, 1000, milliseconds(1));
  unsetenv("NO_COLOR");
  EXPECT_EQ(count(text, '\n'), 0);
  EXPECT_EQ(count(text, '\r'), 11);
  EXPECT_EQ(text.substr(text.size() - 4), "\r\x1b[K");
  for (std::size_t at = 0; at < text.size();) {  // the default width is 80
    const std::size_t end = std::min(text.find('\r', at + 1), text.size());
    EXPECT_LE(end - at, 79U + 4U);
    at = end;
  }
}

TEST(Progress, RespectsNoColor) {
  unsetenv("NO_COLOR");
  EXPECT_NE(written(true, 5, milliseconds(200)).find("\x1b[36m"), std::string::npos);
  setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(written(true, 5, milliseconds(200)).find("\x1b[36m"), std::string::npos);
  unsetenv("NO_COLOR");
}

TEST(Progress, KeepsPrintedLinesAboveTheLiveLine) {
  const std::string text = written(true, 5, milliseconds(200), true);
  EXPECT_NE(text.find("\r\x1b[Ksaved\n"), std::string::npos);
}

}  // namespace progress_test
