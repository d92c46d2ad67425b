#include <heed/text/sentence_pair.hpp>

#include <gtest/gtest.h>

namespace sentence_pair_test {

TEST(SentencePair, IsEmptyByDefault) {
  const heed::SentencePair pair;
  EXPECT_TRUE(pair.source.empty() && pair.target.empty() && pair.sure.empty() && pair.possible.empty());
  EXPECT_TRUE(pair.tags.empty());
  EXPECT_EQ(pair.line, 0u);
}

}  // namespace sentence_pair_test
