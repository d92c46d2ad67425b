#include <heed/layers/embedding.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace embedding_test {

using heed::Embedding;
using heed::Matrix;
using heed::Token;

TEST(Embedding, ReturnsColumnsOfTable) {
  heed::Random random(89);
  Embedding<double> embedding(3, 5);
  Embedding<double, 3> fixed(3, 5);
  randomize(embedding, random);
  copy_parameters(embedding, fixed);
  const std::vector<Token> tokens = {4, 0, 4};
  Matrix<double> y(3, 3), y_fixed(3, 3);
  embedding.forward(tokens, y);
  fixed.forward(tokens, y_fixed);
  EXPECT_EQ(y.col(0), embedding.table.col(4));
  EXPECT_EQ(y.col(1), embedding.table.col(0));
  EXPECT_EQ(y.col(2), embedding.table.col(4));
  EXPECT_EQ(y_fixed, y);
  EXPECT_EQ(embedding.size(), 3);
  EXPECT_EQ(embedding.vocabulary(), 5);
}

TEST(Embedding, AccumulatesGradientsOfRepeatedTokens) {
  heed::Random random(97);
  Embedding<double> embedding(3, 5);
  randomize(embedding, random);
  const std::vector<Token> tokens = {4, 0, 4};
  const Matrix<double> d_y = random_matrix(3, 3, random);
  auto grad = heed::zeros_like(embedding);
  embedding.backward(tokens, d_y, grad);
  EXPECT_EQ(grad.table.col(4), d_y.col(0) + d_y.col(2));
  EXPECT_EQ(grad.table.middleCols(1, 3).squaredNorm(), 0);
  const auto loss = [&] {
    Matrix<double> y(3, 3);
    embedding.forward(tokens, y);
    return y.cwiseProduct(d_y).sum();
  };
  EXPECT_LE(heed::check_gradients(embedding, grad, loss).error, 1e-9);
  embedding.backward(tokens, d_y, grad);
  EXPECT_EQ(grad.table.col(0), 2 * d_y.col(1)) << "gradients are accumulated";
}

TEST(Embedding, RejectsTokenOutsideVocabulary) {
  const Embedding<float> embedding(3, 717);
  Matrix<float> y(3, 2);
  for (const Token token : {812, 717, -1}) {
    EXPECT_EQ(refusal([&] {
                embedding.forward(std::vector<Token>{716, token}, y);
              }),
              "Embedding: token " + std::to_string(token) + " is outside the vocabulary of 717");
  }
}

}  // namespace embedding_test
