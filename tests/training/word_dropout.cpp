#include <heed/training/word_dropout.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace word_dropout_test {

using heed::Links;
using heed::Token;
using heed::symbols::unk;
using Tokens = std::vector<Token>;

/// Token 3 occurs 30 times, token 4 once, token 5 never.
heed::WordDropout counted(double rate) { return {rate, std::vector<Tokens>{Tokens(30, 3), {4}}}; }

/// The fraction of replacements of a source word in 20,000 pairs.
double fraction(const heed::WordDropout& dropout, Token word) {
  heed::Random random(7);
  int replaced = 0;
  for (int i = 0; i < 20000; ++i) {
    Tokens source = {word};
    dropout.apply(source, {}, {}, random);
    replaced += source[0] == unk;
  }
  return replaced / 20000.0;
}

/// Kiperwasser & Goldberg 2016: rate / (rate + count).
TEST(WordDropout, ReplacesRareWordsMoreOften) {
  EXPECT_NEAR(fraction(counted(10), 3), 10.0 / 40, 0.015);
  EXPECT_NEAR(fraction(counted(10), 4), 10.0 / 11, 0.015);
  EXPECT_NEAR(fraction(counted(0.25), 4), 0.25 / 1.25, 0.015);
  EXPECT_EQ(fraction(counted(10), 5), 1);
  for (const Token word : {3, 4, 5}) EXPECT_EQ(fraction(counted(0), word), 0);
}

/// The pair after word dropout that replaces every word that it may replace.
std::pair<Tokens, Tokens> replaced(Tokens source, Tokens target, const Links& links) {
  heed::Random random(1);
  heed::WordDropout always;
  always.rate = 1;  // no word has a count
  always.apply(source, target, links, random);
  return {source, target};
}

TEST(WordDropout, ReplacesTheTranslationToo) {
  const auto [source, target] = replaced({10, 11, 12}, {20, 21, 22}, {{0, 1}, {2, 0}});
  EXPECT_EQ(source, (Tokens{unk, 11, unk})) << "word 1 has no link";
  EXPECT_EQ(target, (Tokens{unk, unk, 22}));
}

TEST(WordDropout, KeepsWordsThatAreNotLinkedOneToOne) {
  const auto [source, target] = replaced({10, 11, 12}, {20, 21, 22}, {{0, 0}, {0, 1}, {1, 2}, {2, 2}});
  EXPECT_EQ(source, (Tokens{10, 11, 12}));
  EXPECT_EQ(target, (Tokens{20, 21, 22}));
}

TEST(WordDropout, ReplacesSourceWordsOnlyInPairsWithoutLinks) {
  const auto [source, target] = replaced({10, 11}, {20}, {});
  EXPECT_EQ(source, (Tokens{unk, unk}));
  EXPECT_EQ(target, (Tokens{20}));
}

TEST(WordDropout, RejectsInvalidRatesAndLinks) {
  for (const double rate : {-1.0, std::numeric_limits<double>::infinity()}) {
    EXPECT_NE(refusal([&] { counted(rate); }).find("WordDropout: the rate must be finite and 0 or more"),
              std::string::npos);
  }
  EXPECT_EQ(refusal([] {
              replaced({10}, {20}, {{0, 1}});
            }),
            "WordDropout: link 0-1 points outside of a pair of 1 source and 1 target words");
}

}  // namespace word_dropout_test
