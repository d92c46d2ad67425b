#include <heed/text/chrf.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures/bleu/sacrebleu.hpp"

namespace chrf_test {

TEST(CorpusChrf, MatchesSacrebleu) {
  for (const auto* corpora : {&tokenized_corpora, &plain_corpora}) {
    for (const BleuCase& corpus : *corpora) {
      EXPECT_NEAR(heed::corpus_chrf(corpus.hypotheses, corpus.references), corpus.chrf, 1e-10) << corpus.name;
    }
  }
}

TEST(CorpusChrf, CountsCharactersNotBytes) {
  const std::vector<std::string> accents = {"éàü"}, letters = {"eau"};
  EXPECT_EQ(heed::corpus_chrf(accents, accents), 100);
  EXPECT_EQ(heed::corpus_chrf(accents, letters), 0);
  EXPECT_EQ(heed::corpus_chrf(std::vector<std::string>{"\xff\xfe"}, std::vector<std::string>{"\xff\xfe"}), 100);
}

TEST(CorpusChrf, RejectsDifferentNumbersOfSentences) {
  const std::vector<std::string> two(2), three(3), none;
  EXPECT_EQ(refusal([&] { heed::corpus_chrf(two, three); }),
            "corpus_chrf: 2 hypotheses cannot be compared with 3 references");
  EXPECT_EQ(refusal([&] { heed::corpus_chrf(none, none); }), "corpus_chrf: expected at least one sentence, got none");
}

}  // namespace chrf_test
