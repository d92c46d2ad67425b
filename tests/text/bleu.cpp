#include <heed/text/bleu.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures/bleu/sacrebleu.hpp"

namespace bleu_test {

using heed::Words;

std::vector<Words> split(const std::vector<std::string>& lines) {
  std::vector<Words> sentences;
  for (const std::string& line : lines) sentences.push_back(heed::split_words(line));
  return sentences;
}

void expect_equal(const heed::BleuScore& bleu, const BleuCase& expected) {
  SCOPED_TRACE(expected.name);
  EXPECT_NEAR(bleu.score, expected.score, 1e-10);
  EXPECT_NEAR(bleu.brevity_penalty, expected.brevity_penalty, 1e-12);
  for (std::size_t n = 0; n < 4; ++n) EXPECT_NEAR(bleu.precisions[n], expected.precisions[n], 1e-10);
  EXPECT_EQ(bleu.matches, expected.matches);
  EXPECT_EQ(bleu.totals, expected.totals);
  EXPECT_EQ(bleu.hypothesis_length, expected.hypothesis_length);
  EXPECT_EQ(bleu.reference_length, expected.reference_length);
  const std::string settings = expected.signature.substr(0, expected.signature.find("version:"));
  EXPECT_EQ(bleu.signature, settings + "version:heed-0.2.0");
}

TEST(CorpusBleu, MatchesSacrebleu) {
  ASSERT_GT(tokenized_corpora.size(), 10u);
  for (const BleuCase& corpus : tokenized_corpora) {
    expect_equal(heed::corpus_bleu(split(corpus.hypotheses), split(corpus.references)), corpus);
  }
}

TEST(CorpusBleu, MatchesSacrebleuOnPlainLines) {
  ASSERT_FALSE(plain_corpora.empty());
  for (const BleuCase& corpus : plain_corpora) {
    expect_equal(heed::corpus_bleu(corpus.hypotheses, corpus.references), corpus);
  }
}

TEST(CorpusBleu, IsCaseSensitive) {
  const std::vector<Words> lower = {{"a", "b", "c", "d"}}, upper = {{"A", "b", "c", "d"}};
  EXPECT_LT(heed::corpus_bleu(lower, upper).score, heed::corpus_bleu(lower, lower).score);
}

TEST(CorpusBleu, DistinguishesNGramsWithTheSameJoinedText) {
  const std::vector<Words> hypotheses = {{"a b", "c"}}, references = {{"a", "b c"}};
  EXPECT_EQ(heed::corpus_bleu(hypotheses, references).matches[1], 0u);
}

TEST(CorpusBleu, RejectsDifferentNumbersOfSentences) {
  const std::vector<Words> two(2), three(3);
  try {
    heed::corpus_bleu(two, three);
    FAIL();
  } catch (const heed::Error& error) {
    EXPECT_STREQ(error.what(), "corpus_bleu: 2 hypotheses cannot be compared with 3 references");
  }
  EXPECT_THROW(heed::corpus_bleu(std::vector<std::string>(2), std::vector<std::string>(1)), heed::Error);
}

TEST(CorpusBleu, RejectsAnEmptyCorpus) {
  EXPECT_THROW(heed::corpus_bleu(std::vector<Words>{}, std::vector<Words>{}), heed::Error);
  EXPECT_THROW(heed::corpus_bleu(std::vector<std::string>{}, std::vector<std::string>{}), heed::Error);
}

}  // namespace bleu_test
