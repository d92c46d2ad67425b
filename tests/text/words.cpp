#include <heed/text/words.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace words_test {

using heed::Words;

TEST(SplitWords, SplitsAtRunsOfSpaces) {
  EXPECT_EQ(heed::split_words("a bc d"), (Words{"a", "bc", "d"}));
  EXPECT_EQ(heed::split_words("  a   bc "), (Words{"a", "bc"}));
  EXPECT_EQ(heed::split_words("one"), (Words{"one"}));
}

TEST(SplitWords, ReturnsNoWordsForEmptyText) {
  EXPECT_EQ(heed::split_words(""), Words{});
  EXPECT_EQ(heed::split_words("   "), Words{});
}

TEST(SplitWords, SplitsOnlyAtAsciiSpaces) {
  EXPECT_EQ(heed::split_words("a\tb 6\xc2\xa0kg"), (Words{"a\tb", "6\xc2\xa0kg"}));
}

TEST(JoinWords, InvertsSplitWords) {
  EXPECT_EQ(heed::join_words(Words{}), "");
  EXPECT_EQ(heed::join_words(heed::split_words(" l'  accord est  signé . ")), "l' accord est signé .");
  EXPECT_EQ(heed::join_words(std::vector<std::string_view>{"a", "b"}), "a b");
}

TEST(JoinWords, KeepsSpacesAroundEmptyWords) { EXPECT_EQ(heed::join_words(Words{"", "a", "", "b"}), " a  b"); }

}  // namespace words_test
