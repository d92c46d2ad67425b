#include <heed/core/sentence_ranges.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sentence_ranges_test {

using heed::Index;
using heed::SentenceRanges;

TEST(SentenceRanges, ReturnsColumnsOfEverySentence) {
  const std::vector<Index> starts{0, 3, 4, 9};
  const SentenceRanges sentences(starts);
  EXPECT_EQ(sentences.sentences(), 3);
  EXPECT_EQ(sentences.columns(), 9);
  EXPECT_EQ(sentences.longest(), 5);
  for (Index b = 0; b < 3; ++b) {
    EXPECT_EQ(sentences.start(b), starts[static_cast<std::size_t>(b)]);
    EXPECT_EQ(sentences.length(b), starts[static_cast<std::size_t>(b + 1)] - sentences.start(b));
  }
}

TEST(SentenceRanges, IsEmptyWithoutSentences) {
  const std::vector<Index> starts{0};
  const SentenceRanges sentences(starts);
  EXPECT_EQ(sentences.sentences(), 0);
  EXPECT_EQ(sentences.columns(), 0);
  EXPECT_EQ(sentences.longest(), 0);
}

TEST(SentenceRanges, RejectsEmptySentencesAndInvalidStarts) {
  const auto message = [](std::vector<Index> starts) { return refusal([&] { SentenceRanges sentences(starts); }); };
  EXPECT_EQ(message({}), "SentenceRanges: the first sentence must start in column 0");
  EXPECT_EQ(message({1, 2}), "SentenceRanges: the first sentence must start in column 0");
  EXPECT_EQ(message({0, 2, 2}), "SentenceRanges: sentence 1 goes from column 2 to 2, so it is empty");
  EXPECT_EQ(message({0, 2, 1}), "SentenceRanges: sentence 1 goes from column 2 to 1, so it is empty");
  EXPECT_EQ(message({0, 2, 3}), "accepted");
}

}  // namespace sentence_ranges_test
