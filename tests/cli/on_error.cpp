#include "cli/program.hpp"
#include "support/sanitized.hpp"
#include "support/xml.hpp"

#include <nlohmann/json.hpp>

namespace on_error_test {

using namespace heed::test;
class TranslateOnError : public Program {};

TEST_F(TranslateOnError, SkipWritesAnEmptyLineAndCounts) {
  const std::string model = trained("model");
  const Arguments run{"run", "--model", model, "--max-length", "5", "--max-words", "6"};
  const std::string text = "the cat\nthe \xff cat\n\nthe the the the the the the\nthe apple\n";
  const Outcome outcome = translate(run + arguments("--on-error skip"), text);
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 5U);
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].empty(), i > 0 && i < 4) << i;
  EXPECT_EQ(count_of(outcome.err, "skipped: standard input:"), 2U) << outcome.err;
  EXPECT_NE(outcome.err.find("skipped: standard input:2: invalid UTF-8"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("skipped: standard input:4: "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("translate run: skipped 2 of 5 lines\n"), std::string::npos) << outcome.err;

  EXPECT_EQ(translate(run + arguments("--on-error skip --skip-exit-code 0"), text).code, 0);
  EXPECT_EQ(translate(run + arguments("--on-error skip --skip-exit-code 9"), text).code, 9);
  EXPECT_EQ(translate(run + arguments("--on-error skip --skip-exit-code 9"), "the cat\n").code, 0);
  expect_error(translate(run + arguments("--skip-exit-code 0"), text), {"--skip-exit-code", "--on-error"});
  for (const char* const stop : {"", "--on-error stop"}) {
    const Outcome stopped = translate(run + arguments(stop), text);
    EXPECT_EQ(stopped.code, 1);
    EXPECT_EQ(stopped.out, lines[0] + '\n');
  }
}

TEST_F(TranslateOnError, SkipKeepsTheSentenceNumbersOfNBestLists) {
  const Outcome outcome = translate(Arguments{"run", "--model", trained("model")} +
                                        arguments("--beam-size 3 --n-best 2 --max-length 5 --on-error skip"),
                                    "the cat\nthe \xff cat\nthe apple\n");
  EXPECT_EQ(outcome.code, 2);
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 5U) << outcome.out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(column(lines[i], 0), i < 2 ? "1\n" : i == 2 ? "2\n" : "3\n");
    EXPECT_EQ(column(lines[i], 2) == "\n", i == 2);
  }
}

TEST_F(TranslateOnError, SkipDropsOnlyTheLineThatNeedsTooMuchMemory) {
  if (!memory_can_be_limited) GTEST_SKIP();
  std::string text = "the cat\n";
  for (int i = 0; i < 300'000; ++i) text += "the ";
  text += "\nthe apple\n";
  const std::string model = trained("model");
  const auto run = [&](const std::string& options) {
    program_ = "/bin/sh";
    return Program::run({"-c", "ulimit -v 150000 && exec " TRANSLATE_PROGRAM " run --max-words 300000 --max-length 4 "
                               "--model " +
                                   model + options},
                        text);
  };
  const Outcome skipped = run(" --on-error skip"), stopped = run("");
  EXPECT_EQ(skipped.code, 2);
  const auto lines = lines_of(skipped.out);
  ASSERT_EQ(lines.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(lines[i].empty(), i == 1) << lines[i];
  EXPECT_EQ(stopped.code, 1);
  EXPECT_EQ(stopped.out, lines[0] + '\n');
  for (const std::string& err : {skipped.err, stopped.err}) {
    EXPECT_NE(err.find("standard input:2: there is not enough memory"), std::string::npos) << err;
  }
}

TEST_F(TranslateOnError, SkipKeepsScoresAndAlignmentsInOrder) {
  const std::string model = trained("model");
  const auto valid = lines_of(pairs_of("train.tsv", 3));
  const std::string good = write("good.tsv", valid[0] + '\n' + valid[1] + '\n' + valid[2] + '\n'),
                    bad =
                        write("bad.tsv", valid[0] + "\nno target\n" + valid[1] + "\nthe \xff\tle\n" + valid[2] + '\n');
  std::string sources, targets;
  for (const auto& [source, target] :
       {std::pair(column(valid[0], 0), column(valid[0], 1)), std::pair(std::string("the\tcat\n"), column(valid[1], 1)),
        std::pair(column(valid[1], 0), column(valid[1], 1)), std::pair(column(valid[1], 0), std::string("\n")),
        std::pair(column(valid[2], 0), column(valid[2], 1))}) {
    sources += source;
    targets += target;
  }
  const Arguments parallel{"--source", write("sources", sources), "--target", write("targets", targets)};
  for (const char* const command : {"score", "align"}) {
    SCOPED_TRACE(command);
    const Arguments all{command, "--model", model};
    const auto expected = lines_of(translate(all + Arguments{"--pairs", good}).out);
    ASSERT_EQ(expected.size(), 3U);
    for (const Arguments& input : {Arguments{"--pairs", bad}, parallel}) {
      expect_error(translate(all + input), {input[1] + ":2: "});
      const Outcome outcome = translate(all + input + arguments("--on-error skip"));
      EXPECT_EQ(outcome.code, 2);
      EXPECT_EQ(lines_of(outcome.out), (std::vector<std::string>{expected[0], "", expected[1], "", expected[2]}));
      EXPECT_EQ(count_of(outcome.err, "skipped: "), 2U) << outcome.err;
      EXPECT_NE(outcome.err.find(input[1] + ":2: "), std::string::npos) << outcome.err;
      EXPECT_NE(outcome.err.find(std::string("translate ") + command + ": skipped 2 of 5 lines"), std::string::npos);
      EXPECT_EQ(translate(all + input + arguments("--on-error skip --skip-exit-code 0")).code, 0);
    }
  }
  const Arguments json{"score", "--json", "--model", model, "--pairs"};
  const auto all = nlohmann::json::parse(translate(json + Arguments{good}).out);
  auto some = nlohmann::json::parse(translate(json + Arguments{bad, "--on-error", "skip"}).out);
  EXPECT_EQ(some.at("skipped"), 2);
  some.erase("skipped");
  EXPECT_EQ(some, all);
  expect_error(translate({"score", "--model", model, "--on-error", "skip", "--source", path("sources"), "--target",
                          write("short", "le\n")}),
               {path("sources") + ":2: "});
}

}  // namespace on_error_test
