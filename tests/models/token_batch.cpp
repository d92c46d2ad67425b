#include <heed/models/token_batch.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <span>
#include <vector>

namespace token_batch_test {

using heed::Token;

using heed::symbols::bos, heed::symbols::eos;

TEST(TokenBatch, PacksSentencesLongestFirst) {
  const std::vector<Token> one{3}, three{4, 5, 6};
  const std::vector<std::span<const Token>> sentences{one, three};
  heed::TokenBatch<double> batch;
  batch.pack(sentences);
  EXPECT_EQ(batch.lengths, (std::vector<heed::Index>{1, 3}));
  EXPECT_EQ(batch.tokens, (std::vector<Token>{4, 3, 5, 6}));
}

TEST(TokenBatch, PacksTargetsAsInputsAndLabels) {
  const std::vector<Token> none, two{4, 5};
  const std::vector<std::span<const Token>> targets{none, two};
  heed::TokenBatch<double> batch;
  std::vector<Token> labels;
  batch.pack_targets(targets, labels);
  EXPECT_EQ(batch.lengths, (std::vector<heed::Index>{1, 3}));
  EXPECT_EQ(batch.tokens, (std::vector<Token>{bos, bos, 4, 5}));
  EXPECT_EQ(labels, (std::vector<Token>{4, eos, 5, eos}));
}

TEST(TokenBatch, AccumulatesGradientOfEmbedding) {
  heed::Random random(1);
  heed::Embedding<double> words(2, 7);
  randomize(words, random);
  const std::vector<Token> sentence{3, 4, 3};
  const std::span<const Token> sentences[] = {sentence};
  heed::TokenBatch<double> batch;
  batch.pack(sentences);
  batch.embed(words, {}, nullptr);
  EXPECT_EQ(batch.x.col(1), words.table.col(4));
  batch.begin_backward();
  EXPECT_TRUE(batch.d_x.isZero(0));
  batch.d_x.setOnes();
  heed::Embedding<double> grad = heed::zeros_like(words);
  batch.backward(words, {}, nullptr, grad);
  EXPECT_EQ(grad.table.col(3), heed::Matrix<double>::Constant(2, 1, 2));
  EXPECT_EQ(grad.table.col(4), heed::Matrix<double>::Ones(2, 1));
}

TEST(TokenBatch, RejectsEmptySentence) {
  const std::span<const Token> sentences[] = {{}};
  heed::TokenBatch<double> batch;
  EXPECT_EQ(refusal([&] { batch.pack(sentences); }), "PackedBatch: sentence 0 of the batch is empty");
}

}  // namespace token_batch_test
