#include <heed/core/types.hpp>
#include <heed/text/exact_match.hpp>
#include <heed/text/words.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace exact_match_test {

using heed::Words;

TEST(ExactMatch, ReturnsThePercentageOfEqualSentences) {
  const std::vector<Words> references = {{"a", "b"}, {"c"}, {"d"}, {}};
  EXPECT_EQ(heed::exact_match(references, references), 100);
  EXPECT_EQ(heed::exact_match(std::vector<Words>{{"a", "b"}, {"c"}, {"D"}, {}}, references), 75);
  EXPECT_EQ(heed::exact_match(std::vector<Words>{{"b", "a"}, {"c", "c"}, {}, {"d"}}, references), 0);
}

TEST(ExactMatch, SupportsTokens) {
  const std::vector<std::vector<heed::Token>> hypotheses = {{1, 2}, {3}}, references = {{1, 2}, {3, 2}};
  EXPECT_EQ(heed::exact_match(hypotheses, references), 50);
}

TEST(ExactMatch, RejectsDifferentNumbersOfSentencesAndAnEmptyCorpus) {
  EXPECT_THROW(heed::exact_match(std::vector<Words>(2), std::vector<Words>(3)), heed::Error);
  EXPECT_THROW(heed::exact_match(std::vector<Words>{}, std::vector<Words>{}), heed::Error);
}

}  // namespace exact_match_test
