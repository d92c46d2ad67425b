#include <heed/text/sentence_pair.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace sentence_pair_test {

TEST(Link, OrdersBySourceThenTarget) {
  heed::Links links = {{1, 0}, {0, 2}, {0, 1}};
  std::sort(links.begin(), links.end());
  EXPECT_EQ(links, (heed::Links{{0, 1}, {0, 2}, {1, 0}}));
}

TEST(SentencePair, IsEmptyByDefault) {
  const heed::SentencePair pair;
  EXPECT_TRUE(pair.source.empty() && pair.target.empty() && pair.sure.empty() && pair.possible.empty());
  EXPECT_TRUE(pair.tags.empty());
  EXPECT_EQ(pair.line, 0u);
}

}  // namespace sentence_pair_test
