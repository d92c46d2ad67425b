#include "cli/program.hpp"
#include "support/sanitized.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

namespace run_threads_test {

using namespace heed::test;

class TranslateThreads : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    model_ = trained("model", {"--learning-rate", "0.02", "--min-frequency", "3"});
    const auto sources = lines_of(column(pairs_of("train.tsv", 100), 0));
    for (std::size_t i = 0; i < 700; ++i) {
      text_ += i % 50 == 3 ? "\n" : i % 70 == 9 ? "the \xff cat\n" : sources[i % sources.size()] + '\n';
    }
  }

  std::string model_, text_;
};

TEST_F(TranslateThreads, DoNotChangeTheOutput) {
  const Arguments run{"run", "--model", model_, "--max-length", "9", "--on-error", "skip", "--skip-exit-code", "0"};
  for (const char* const more : {"", "--beam-size 4 --n-best 2 --replace-unk", "--sample --n-best 2", "--show"}) {
    SCOPED_TRACE(more);
    const Outcome alone = translate(run + arguments(more), text_);
    EXPECT_EQ(alone.code, 0) << alone.err;
    EXPECT_GE(lines_of(alone.out).size(), 700U);
    for (const char* const threads : {"2", "3", "8"}) {
      const Outcome several = translate(run + arguments(more) + Arguments{"--threads", threads}, text_);
      EXPECT_EQ(several.code, 0);
      EXPECT_TRUE(several.out == alone.out) << threads << " threads";
      EXPECT_TRUE(several.err == alone.err) << threads << " threads";
    }
  }
}

TEST_F(TranslateThreads, DoNotChangeTheOutputOfOtherCommands) {
  const std::string pairs = write("pairs.tsv", pairs_of("train.tsv", 300));
  for (const char* const command : {"evaluate --beam-size 3 --json", "score", "score --json", "align"}) {
    SCOPED_TRACE(command);
    const Arguments all = arguments(command) + Arguments{"--model", model_, "--pairs", pairs};
    const auto scores = [](const std::string& out) { return out.substr(0, out.find("\"seconds\"")); };
    const std::string alone = scores(translate(all + Arguments{"--threads", "1"}).out);
    EXPECT_FALSE(alone.empty());
    for (const char* const threads : {"2", "3", "8"}) {
      EXPECT_TRUE(scores(translate(all + Arguments{"--threads", threads}).out) == alone) << threads << " threads";
    }
  }
}

TEST_F(TranslateThreads, StopAtTheSameLine) {
  const Outcome alone = translate({"run", "--model", model_, "--max-length", "9"}, text_);
  EXPECT_EQ(alone.code, 1);
  EXPECT_EQ(lines_of(alone.out).size(), 9U);
  for (const char* const threads : {"2", "5"}) {
    const Outcome several = translate({"run", "--model", model_, "--max-length", "9", "--threads", threads}, text_);
    EXPECT_EQ(several.code, 1);
    EXPECT_EQ(several.out, alone.out);
    EXPECT_EQ(several.err, alone.err);
  }
}

TEST_F(TranslateThreads, ReportUnwritableOutput) {
  if (!fs::exists("/dev/full")) GTEST_SKIP();
  for (const char* const threads : {"1", "3"}) {
    const Outcome outcome =
        finish(start({"run", "--model", model_, "--threads", threads}, write("in", text_), "/dev/full"));
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.err.find("standard output cannot be written to"), std::string::npos) << outcome.err;
  }
}

TEST_F(TranslateThreads, ReportThreadsThatCannotBeStarted) {
  if (!memory_can_be_limited) GTEST_SKIP();
  program_ = "/bin/sh";
  const std::string command = "ulimit -v 1000000 && exec " TRANSLATE_PROGRAM " run --threads 1000 --model " + model_;
  const Outcome outcome = run({"-c", command}, "the cat\n");
  expect_error(outcome, {"cannot start thread ", " of 1000", "fewer threads"});
}

/// Runs the program on `text` and returns the peak of its memory in MB.
class TranslateMemory : public Program {
 protected:
  double peak(const Arguments& arguments, const std::string& text) const {
    int status = 0;
    rusage usage{};
    EXPECT_GT(wait4(start(arguments, write("in", text)), &status, 0, &usage), 0);
    EXPECT_EQ(status, 0) << contents(path("err"));
#if defined(__APPLE__)
    return static_cast<double>(usage.ru_maxrss) / (1 << 20);
#else
    return static_cast<double>(usage.ru_maxrss) / (1 << 10);
#endif
  }
};

TEST_F(TranslateMemory, OfLongLinesInABeamIsBounded) {
  if (sanitized) GTEST_SKIP() << "the sanitizers keep freed memory";
  std::string line, text, pairs;
  for (int i = 0; i < 1000; ++i) line += i % 2 == 0 ? "the " : "cat ";
  for (int i = 0; i < 64; ++i) text += line + '\n';
  for (int i = 0; i < 16; ++i) pairs += line + '\t' + line + '\n';
  const std::string model = trained("model");
  // If all attention weights of a batch of 64 lines were kept, 200 steps would need 256 MB.
  EXPECT_LT(peak({"run", "--model", model, "--beam-size", "5", "--min-length", "200", "--max-length", "200"}, text),
            100);
  EXPECT_LT(
      peak({"run", "--model", model, "--beam-size", "5", "--min-length", "100", "--max-length", "100", "--replace-unk"},
           text),
      200);
  EXPECT_LT(peak({"align", "--threads", "1", "--model", model, "--pairs", write("pairs.tsv", pairs)}, ""), 200);
}

}  // namespace run_threads_test
