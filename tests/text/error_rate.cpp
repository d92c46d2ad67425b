#include <heed/text/error_rate.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures/bleu/sacrebleu.hpp"

namespace error_rate_test {

using heed::Words;

std::vector<Words> split(const std::vector<std::string>& lines) {
  std::vector<Words> sentences;
  for (const std::string& line : lines) sentences.push_back(heed::split_words(line));
  return sentences;
}

TEST(WordErrorRate, MatchesJiwer) {
  int compared = 0;
  for (const auto* corpora : {&tokenized_corpora, &plain_corpora}) {
    for (const BleuCase& corpus : *corpora) {
      if (corpus.word_error_rate < 0) continue;
      bool ascii = true;  // jiwer splits at no-break spaces too
      for (const std::string& line : corpus.references) ascii = ascii && line.find("\u00A0") == std::string::npos;
      if (!ascii) continue;
      ++compared;
      EXPECT_NEAR(heed::word_error_rate(split(corpus.hypotheses), split(corpus.references)), corpus.word_error_rate,
                  1e-10)
          << corpus.name;
    }
  }
  EXPECT_GE(compared, 12);
}

TEST(WordErrorRate, CountsSubstitutionsDeletionsAndInsertions) {
  const std::vector<Words> reference = {{"a", "b", "c", "d"}};
  const auto rate = [&](const Words& hypothesis) {
    return heed::word_error_rate(std::vector<Words>{hypothesis}, reference);
  };
  EXPECT_EQ(rate({"a", "b", "c", "d"}), 0);
  EXPECT_EQ(rate({"a", "x", "c", "d"}), 25);
  EXPECT_EQ(rate({"b", "c", "d"}), 25);
  EXPECT_EQ(rate({"a", "b", "c", "c", "d"}), 25);
  EXPECT_EQ(rate({}), 100);
  EXPECT_EQ(rate({"w", "x", "y", "z", "v"}), 125);
}

TEST(WordErrorRate, RejectsMissingReferences) {
  const std::vector<Words> two(2), three(3), none;
  EXPECT_EQ(refusal([&] { heed::word_error_rate(two, three); }),
            "word_error_rate: 2 hypotheses cannot be compared with 3 references");
  EXPECT_EQ(refusal([&] { heed::word_error_rate(none, none); }),
            "word_error_rate: expected at least one sentence, got none");
  EXPECT_EQ(refusal([&] { heed::word_error_rate(two, two); }), "word_error_rate: the references have no words");
}

}  // namespace error_rate_test
