#include <heed/expressions/softmax.hpp>

#include <heed/attention/attention.hpp>
#include <heed/expressions/scores.hpp>
#include <heed/normalizers/softmax.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/dot.hpp>

#include "support/expressions.hpp"
#include "support/oracles.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace softmax_test {

using heed::Index;
using heed::Matrix;
using namespace expressions;

template <class S>
constexpr S infinity = std::numeric_limits<S>::infinity();

template <class S>
class SoftmaxExpression : public testing::Test {};
TYPED_TEST_SUITE(SoftmaxExpression, Scalars);

TYPED_TEST(SoftmaxExpression, MatchesLoopsAndNormalizer) {
  heed::Random random(1);
  for (const Index rows : {1, 2, 7, 50}) {
    const Matrix<TypeParam> scores = random_matrix<TypeParam>(rows, 3, random, 10);
    const Matrix<TypeParam> weights = heed::expr::softmax(scores);
    Matrix<TypeParam> normalised = scores;
    heed::Softmax().forward(normalised);
    EXPECT_LE(difference(weights, normalised), tolerance<TypeParam>);
    std::vector<oracle::Column> expected;
    for (Index i = 0; i < 3; ++i) expected.push_back(oracle::softmax(oracle::column(scores, i)));
    EXPECT_LE(difference(weights, oracle::matrix(expected)), tolerance<TypeParam>);
  }
}

TYPED_TEST(SoftmaxExpression, DoesNotOverflow) {
  Matrix<TypeParam> scores(2, 1);
  scores << TypeParam(30000), TypeParam(30000);
  EXPECT_EQ(heed::expr::softmax(scores), (Matrix<TypeParam>::Constant(2, 1, TypeParam(0.5))));
}

TYPED_TEST(SoftmaxExpression, WeightOfMinusInfinityIsZero) {
  Matrix<TypeParam> scores(9, 2);  // whole packets and a partial one
  scores.setConstant(TypeParam(3));
  scores.row(0).setConstant(-infinity<TypeParam>);
  scores.row(8).setConstant(-infinity<TypeParam>);
  const Matrix<TypeParam> weights = heed::expr::softmax(scores);
  EXPECT_TRUE((weights.row(0).array() == 0).all());
  EXPECT_TRUE((weights.row(8).array() == 0).all());
  EXPECT_LE(difference(weights.middleRows(1, 7), Matrix<TypeParam>::Constant(7, 2, TypeParam(1) / 7)), 1e-6);
}

TYPED_TEST(SoftmaxExpression, ReturnsNaNForInvalidColumns) {
  const TypeParam nan = std::numeric_limits<TypeParam>::quiet_NaN();
  for (const TypeParam other : {nan, infinity<TypeParam>}) {
    for (const Index row : {0, 4, 8}) {
      Matrix<TypeParam> scores = Matrix<TypeParam>::Zero(9, 3);
      scores.col(0).setConstant(-infinity<TypeParam>);
      scores(row, 1) = other;
      const Matrix<TypeParam> weights = heed::expr::softmax(scores);
      EXPECT_TRUE(weights.leftCols(2).array().isNaN().all());
      EXPECT_LE(difference(weights.col(2), Matrix<TypeParam>::Constant(9, 1, TypeParam(1) / 9)), 1e-6);
      Matrix<TypeParam> normalised = scores;
      heed::Softmax().forward(normalised);
      EXPECT_TRUE(normalised.leftCols(2).array().isNaN().all());
    }
  }
}

TEST(SoftmaxExpression, SupportsSizesOfZero) {
  EXPECT_EQ(heed::expr::softmax(Matrix<double>(0, 3)).cols(), 3);
  EXPECT_EQ(heed::expr::softmax(Matrix<double>(3, 0)).rows(), 3);
}

template <class S>
class ContextExpression : public testing::Test {};
TYPED_TEST_SUITE(ContextExpression, Scalars);

TYPED_TEST(ContextExpression, MatchesLoopsAndAttend) {
  using S = TypeParam;
  heed::Random random(3);
  heed::AdditiveScorer<S> scorer(3, 4, 5);
  randomize(scorer, random);
  const Matrix<S> queries = random_matrix<S>(3, 2, random), memory = random_matrix<S>(4, 20, random);
  const Matrix<S> weights =
      heed::expr::softmax(heed::expr::additive_scores(queries, memory, scorer.W.values(), scorer.U.values(), scorer.v));
  const Matrix<S> context = heed::expr::context(memory, weights);
  const heed::Attended<S> attended = heed::attend(scorer, queries, memory);
  EXPECT_LE(difference(weights, attended.weights), tolerance<S>);
  EXPECT_LE(difference(context, attended.context), tolerance<S>);
  std::vector<oracle::Column> expected;
  for (Index i = 0; i < 2; ++i) {
    expected.push_back(oracle::attend(scorer, oracle::column(queries, i), memory).context);
  }
  EXPECT_LE(difference(context, oracle::matrix(expected)), tolerance<S>);
}

TYPED_TEST(ContextExpression, WorksWithUserMatrices) {
  using S = TypeParam;
  heed::Random random(5);
  const Matrix<S> memory = random_matrix<S>(4, 6, random), W = random_matrix<S>(5, 3, random);
  const Matrix<S> U = random_matrix<S>(5, 4, random);
  const heed::Vector<S> query = random_matrix<S>(3, 1, random), v = random_matrix<S>(5, 1, random);
  heed::Vector<S> context(4);
  context.noalias() = memory * heed::expr::softmax(heed::expr::additive_scores(query, memory, W, U, v));
  heed::AdditiveScorer<S> scorer(3, 4, 5);
  scorer.W = W;
  scorer.U = U;
  scorer.v = v;
  EXPECT_LE(difference(context, heed::attend(scorer, query, memory).context), tolerance<S>);
  context.noalias() = memory * heed::expr::softmax(heed::expr::dot_scores(memory.col(0), memory));
  EXPECT_LE(difference(context, heed::attend(heed::DotScorer<S>(4), memory.col(0), memory).context), tolerance<S>);
}

}  // namespace softmax_test
