#include <heed/text/replace_unknown.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace replace_unknown_test {

using heed::Matrix;
using heed::Token;
using heed::Words;

const heed::Vocabulary vocabulary = heed::Vocabulary::from_words({"<unk>", "<s>", "</s>", "le", "chat"});
const Words source = {"the", "Felix", "Rex"};
const std::vector<Token> tokens = {0, 3, 0, 0};

Matrix<double> weights() {
  Matrix<double> w(3, 5);
  w << 0.1, 0.9, 0.4, 0.2, 0, 0.3, 0.1, 0.4, 0.2, 1, 0.6, 0, 0.2, 0.6, 0;
  return w;
}

TEST(ReplaceUnknown, CopiesTheSourceWordOfTheLargestWeight) {
  const Words expected = {"Rex", "le", "the", "Rex"};  // the first of two equal weights
  EXPECT_EQ(heed::replace_unknown(tokens, vocabulary, source, weights()), expected);
  EXPECT_EQ(heed::replace_unknown(tokens, vocabulary, source, weights().leftCols(4)), expected);
  EXPECT_EQ(heed::replace_unknown({}, vocabulary, source, weights().leftCols(1)), Words{});
}

TEST(ReplaceUnknown, RejectsWeightsOfWrongSize) {
  const auto error_of = [&](const auto& w) {
    return refusal([&] { heed::replace_unknown(tokens, vocabulary, source, w); });
  };
  EXPECT_EQ(error_of(weights().leftCols(3)),
            "replace_unknown: expected weights of 3 x 4, or one more column, got 3 x 3");
  EXPECT_EQ(error_of(weights().topRows(2)),
            "replace_unknown: expected weights of 3 x 4, or one more column, got 2 x 5");
}

}  // namespace replace_unknown_test
