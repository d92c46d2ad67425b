#include "cli/program.hpp"

namespace sentences_test {

using namespace heed::test;

/// Sentences that are too long or contain special symbols, in every command.
class Sentences : public Program {
 protected:
  /// Every command of `translate` that reads pairs, applied to this file.
  std::vector<Arguments> commands(const std::string& pairs) const {
    std::vector<Arguments> all{with(training("new"), "--pairs", pairs), with(training("new"), "--dev", pairs)};
    for (const char* const command : {"evaluate", "score", "align"}) {
      all.push_back({command, "--model", path("model"), "--pairs", pairs});
    }
    return all;
  }
};

TEST_F(Sentences, WithSentenceMarksAreRejected) {
  trained("model");
  const std::string marked = write("marked.tsv", "the cat\tle chat\n<s> the cat </s>\t<s> le chat </s>\n");
  for (const Arguments& command : commands(marked)) {
    SCOPED_TRACE(command.front());
    expect_error(translate(command), {marked + ":2: the source contains the sentence mark <s>: remove it"});
  }
  const std::string source = write("source", "the cat\n"), target = write("target", "le chat </s>\n");
  expect_error(translate({"score", "--model", path("model"), "--source", source, "--target", target}),
               {target + ":1: the line contains the sentence mark </s>: remove it"});
  EXPECT_FALSE(fs::exists(path("new")));
}

TEST_F(Sentences, MayContainUnk) {
  const std::string unknown = write("unknown.tsv", pairs_of("train.tsv", 48) + "the <unk>\tle <unk>\n");
  const Outcome plain = translate(training("plain")), outcome = translate(with(training("model"), "--pairs", unknown));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto counts = [](const std::string& text) {
    const std::size_t begin = text.find("pairs, ");
    return text.substr(begin, text.find(" parameters") - begin);
  };
  EXPECT_EQ(counts(outcome.err), counts(plain.err)) << "<unk> is not added to the vocabulary";
  const Outcome answer = translate({"run", "--model", path("model"), "--max-length", "3"}, "the <unk>\n");
  EXPECT_EQ(answer.code, 0);
  EXPECT_EQ(answer.err, "") << "<unk> is in every vocabulary, so it is not reported";
}

TEST_F(Sentences, AreLimitedByMaxWords) {
  trained("model");
  const std::string pairs = write("long.tsv", "the cat sleeps\tle chat dort\n");
  for (const Arguments& command : commands(pairs)) {
    SCOPED_TRACE(command.front());
    if (command.front() == "train") continue;
    EXPECT_EQ(translate(command + Arguments{"--max-words", "3"}).code, 0);
    expect_error(translate(command + Arguments{"--max-words", "2"}),
                 {pairs + ":1: the source has 3 words, at most 2 are allowed (--max-words)"});
  }
}

class SentimentSentences : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    program_ = SENTIMENT_PROGRAM;
  }
};

TEST_F(SentimentSentences, WithSentenceMarksAreRejected) {
  const std::string data = write("marked.tsv", "up\tfine\ndown\tstale </s>\n");
  expect_error(run({"train", "--train", data}), {data + ":2: the sentence contains the sentence mark </s>: remove it"});
}

TEST_F(SentimentSentences, AreLimitedByMaxWords) {
  const std::string data = write("long.tsv", "up\ta fine film\ndown\ta stale film\n");
  expect_error(run({"train", "--train", data, "--max-words", "2"}),
               {data + ":1: the sentence has 3 words, at most 2 are allowed (--max-words)"});
}

}  // namespace sentences_test
