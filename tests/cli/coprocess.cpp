#include "cli/coprocess.hpp"

namespace coprocess_test {

using namespace heed::test;

/// `translate run` as a coprocess of a program that waits for each answer.
class TranslateCoprocess : public Program {
 protected:
  Arguments command(const std::string& threads) const {
    return {"run", "--model", trained("model"), "--max-length", "8", "--threads", threads};
  }
  Coprocess coprocess(const std::string& threads) const { return {program_, command(threads), path("err")}; }
};

TEST_F(TranslateCoprocess, AnswersEachLineBeforeTheNextIsSent) {
  const auto sources = lines_of(column(pairs_of("train.tsv", 50), 0));
  for (const char* const threads : {"1", "2"}) {
    Coprocess program = coprocess(threads);
    std::string in, out;
    for (std::size_t i = 0; i < 1000; ++i) {
      in += sources[i % sources.size()] + '\n';
      ASSERT_TRUE(program.send(sources[i % sources.size()] + '\n'));
      const std::string answer = program.line();
      ASSERT_NE(answer, "(nothing)") << "line " << i + 1;
      out += answer + '\n';
    }
    program.close_input();
    EXPECT_EQ(program.rest(), "");
    EXPECT_EQ(program.finish(), 0) << contents(path("err"));
    EXPECT_EQ(out, translate(command("1"), in).out);
  }
}

TEST_F(TranslateCoprocess, WaitsForTheRestOfALine) {
  const auto expected = lines_of(translate(command("1"), "the cat\nthe apple .\nthe end").out);
  ASSERT_EQ(expected.size(), 3U);
  Coprocess program = coprocess("1");
  program.send("the cat\nthe app");
  EXPECT_EQ(program.line(), expected[0]);
  EXPECT_EQ(program.line(100), "(nothing)");
  program.send("le .\nthe end");
  EXPECT_EQ(program.line(), expected[1]);
  program.close_input();
  EXPECT_EQ(program.line(), expected[2]) << "the last line may have no line end";
  EXPECT_EQ(program.finish(), 0);
}

TEST_F(TranslateCoprocess, SkipsATooLongLine) {
  Coprocess program(program_, command("1") + arguments("--max-words 6 --on-error skip"), path("err"));
  ASSERT_TRUE(program.send("the cat\n" + std::string(9000, 'x') + '\n'));
  EXPECT_NE(program.line(), "(nothing)");
  EXPECT_EQ(program.line(), "");
  ASSERT_TRUE(program.send("the apple\n"));
  EXPECT_NE(program.line(), "");
  program.close_input();
  EXPECT_EQ(program.finish(), 2);
}

TEST_F(TranslateCoprocess, AnswersCompleteLinesAfterASignal) {
  std::string lines;  // short enough for the buffer of a pipe
  for (int i = 0; i < 150; ++i) lines += "the cat and the apple .\n";
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    for (const char* const threads : {"1", "3"}) {
      Coprocess program = coprocess(threads);
      ASSERT_TRUE(program.send(lines + "the incomplete"));
      const std::string first = program.line();
      program.send_signal(number);
      const auto others = lines_of(program.rest());
      EXPECT_EQ(others.size(), 149U) << threads << " threads, signal " << number;
      for (const std::string& other : others) EXPECT_EQ(other, first);
      EXPECT_EQ(program.finish(), 128 + number);
      EXPECT_EQ(contents(path("err")), "");
    }
  }
}

TEST_F(TranslateCoprocess, EndsAtOnceIfSignalledWhileWaiting) {
  for (const char* const threads : {"1", "3"}) {
    Coprocess program = coprocess(threads);
    program.send("the cat\n");
    EXPECT_NE(program.line(), "(nothing)");
    program.send_signal(SIGTERM);
    EXPECT_EQ(program.rest(), "");
    EXPECT_EQ(program.finish(), 128 + SIGTERM);
  }
}

TEST_F(TranslateCoprocess, EndsSilentlyIfItsOutputIsClosed) {
  for (const char* const threads : {"1", "2"}) {
    Coprocess program = coprocess(threads);
    program.send("the cat\n");
    EXPECT_NE(program.line(), "(nothing)");
    program.close_output();
    program.send("the cat\n");
    EXPECT_EQ(program.finish(), 128 + SIGPIPE);
    EXPECT_EQ(contents(path("err")), "");
  }
}

/// The other programs that answer lines of standard input.
class Coprocesses : public Program {
 protected:
  void expect_answers(const std::string& program, const Arguments& arguments, const std::string& line) {
    SCOPED_TRACE(program);
    Coprocess coprocess(program, arguments, path("err"));
    for (int i = 0; i < 3; ++i) {
      coprocess.send(line + '\n');
      EXPECT_NE(coprocess.line(), "(nothing)");
    }
    coprocess.send_signal(SIGTERM);
    EXPECT_EQ(coprocess.finish(), 128 + SIGTERM) << contents(path("err"));
  }
};

TEST_F(Coprocesses, AnswerEachLineBeforeTheNextIsSent) {
  program_ = DATES_PROGRAM;
  ASSERT_EQ(run(arguments("--out " + path("dates") +
                          " --pairs 64 --unseen 5 --hidden-size 8 --embedding-size 4 --epochs 1 "
                          "--threads 1 --claim 0"))
                .code,
            0);
  expect_answers(program_, {"--model", path("dates") + "/model.safetensors"}, "12 May 2010");
  program_ = SENTIMENT_PROGRAM;
  std::string labelled;
  for (int i = 0; i < 20; ++i) labelled += "up\tthe soup was fine .\ndown\tthe soup was cold .\n";
  ASSERT_EQ(run(arguments("train --train " + write("train.tsv", labelled) +
                          " --hidden-size 8 --embedding-size 8 --epochs 1 "
                          "--threads 1 --save " +
                          path("labels")))
                .code,
            0);
  expect_answers(program_, {"run", "--model", path("labels")}, "the soup was fine .");
  expect_answers(FROM_PYTORCH_PROGRAM, {std::string(EXAMPLE_DATA) + "/../from_pytorch/bahdanau.safetensors"},
                 "the cat sleeps .");
}

}  // namespace coprocess_test
