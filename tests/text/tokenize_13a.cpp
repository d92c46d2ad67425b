#include <heed/text/tokenize_13a.hpp>

#include <gtest/gtest.h>

#include "fixtures/bleu/sacrebleu.hpp"

#include <chrono>

namespace tokenize_13a_test {

using heed::Words;

TEST(Tokenize13a, SplitsPunctuation) {
  EXPECT_EQ(heed::tokenize_13a("He said: \"it's $3.50, or 1,000!\""),
            (Words{"He", "said", ":", "\"", "it's", "$", "3.50", ",", "or", "1,000", "!", "\""}));
}

TEST(Tokenize13a, ReturnsNoWordsForEmptyText) {
  EXPECT_EQ(heed::tokenize_13a(""), Words{});
  EXPECT_EQ(heed::tokenize_13a(" \t\n"), Words{});
}

TEST(Tokenize13a, MatchesSacrebleu) {
  ASSERT_GT(lines_13a.size(), 100u);
  for (const auto& [line, expected] : lines_13a) {
    EXPECT_EQ(heed::join_words(heed::tokenize_13a(line)), expected) << "of the line " << line;
  }
}

TEST(Tokenize13a, TakesLinearTime) {
  std::string line;
  for (int i = 0; i < 700'000; ++i) line += "&amp;";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(heed::tokenize_13a(line).size(), 700'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::seconds(30));  // linear time takes a third of a second, quadratic time takes minutes
}

}  // namespace tokenize_13a_test
