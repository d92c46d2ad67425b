#include <heed/text/tokenize_13a.hpp>

#include <gtest/gtest.h>

#include "fixtures/bleu/sacrebleu.hpp"

using heed::Words;

TEST(Tokenize13a, CutsPunctuationOff) {
  EXPECT_EQ(heed::tokenize_13a("He said: \"it's $3.50, or 1,000!\""),
            (Words{"He", "said", ":", "\"", "it's", "$", "3.50", ",", "or", "1,000", "!", "\""}));
}

TEST(Tokenize13a, OfNothingMakesNoWords) {
  EXPECT_EQ(heed::tokenize_13a(""), Words{});
  EXPECT_EQ(heed::tokenize_13a(" \t\n"), Words{});
}

TEST(Tokenize13a, AgreesWithSacrebleu) {
  ASSERT_GT(lines_13a.size(), 100u);
  for (const auto& [line, expected] : lines_13a) {
    EXPECT_EQ(heed::join_words(heed::tokenize_13a(line)), expected) << "of the line " << line;
  }
}
