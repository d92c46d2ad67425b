#include <heed/expressions/scores.hpp>

#include <heed/scorers/additive.hpp>
#include <heed/scorers/concat.hpp>
#include <heed/scorers/dot.hpp>
#include <heed/scorers/general.hpp>
#include <heed/scorers/scaled_dot.hpp>
#include <heed/scorers/scaled_general.hpp>

#include "support/expressions.hpp"
#include "support/oracles.hpp"
#include "support/scorer_runs.hpp"

#include <gtest/gtest.h>

namespace scores_test {

using heed::Index;
using heed::Matrix;
using namespace expressions;

/// Compares scores with scalar loops and with the scorer, for several numbers of queries and memory columns.
template <class ScorerType, class Scores>
void expect_scores(ScorerType scorer, const Scores& scores) {
  using S = typename ScorerType::Scalar;
  heed::Random random(1);
  randomize(scorer, random);
  for (const Index columns : {1, 7, 50}) {
    for (const Index n : {1, 3}) {
      const Matrix<S> queries = random_matrix<S>(scorer.query_size(), n, random);
      const Matrix<S> memory = random_matrix<S>(scorer.memory_size(), columns, random);
      const Matrix<S> found = scores(scorer, queries, memory);
      EXPECT_LE(difference(found, typed::scores(scorer, queries, memory)), tolerance<S>);
      std::vector<oracle::Column> expected;
      for (Index i = 0; i < n; ++i) {
        oracle::Column& column = expected.emplace_back();
        for (Index j = 0; j < columns; ++j) {
          column.push_back(oracle::score(scorer, oracle::column(queries, i), oracle::column(memory, j)));
        }
      }
      EXPECT_LE(difference(found, oracle::matrix(expected)), tolerance<S>);
    }
  }
}

template <class S>
class ScoreExpressions : public testing::Test {};
TYPED_TEST_SUITE(ScoreExpressions, Scalars);

TYPED_TEST(ScoreExpressions, DotMatchesLoopsAndScorer) {
  expect_scores(heed::DotScorer<TypeParam>(4),
                [](auto&, auto& q, auto& h) -> Matrix<TypeParam> { return heed::expr::dot_scores(q, h); });
}

TYPED_TEST(ScoreExpressions, ScaledDotMatchesLoopsAndScorer) {
  expect_scores(heed::ScaledDotScorer<TypeParam>(5),
                [](auto&, auto& q, auto& h) -> Matrix<TypeParam> { return heed::expr::scaled_dot_scores(q, h); });
}

TYPED_TEST(ScoreExpressions, GeneralMatchesLoopsAndScorer) {
  expect_scores(heed::GeneralScorer<TypeParam>(3, 4), [](auto& scorer, auto& q, auto& h) -> Matrix<TypeParam> {
    return heed::expr::general_scores(q, h, scorer.W.values());
  });
}

TYPED_TEST(ScoreExpressions, FactorTimesGeneralMatchesLoopsAndScorer) {
  expect_scores(heed::ScaledGeneralScorer<TypeParam>(3, 4), [](auto& scorer, auto& q, auto& h) -> Matrix<TypeParam> {
    return scorer.g(0) * heed::expr::general_scores(q, h, scorer.W.values());
  });
}

TYPED_TEST(ScoreExpressions, AdditiveMatchesLoopsAndScorer) {
  expect_scores(heed::AdditiveScorer<TypeParam>(3, 4, 5), [](auto& scorer, auto& q, auto& h) {
    return heed::expr::additive_scores(q, h, scorer.W.values(), scorer.U.values(), scorer.v);
  });
}

TYPED_TEST(ScoreExpressions, ConcatMatchesLoopsAndScorer) {
  expect_scores(heed::ConcatScorer<TypeParam>(3, 4, 5), [](auto& scorer, auto& q, auto& h) {
    return heed::expr::concat_scores(q, h, scorer.W.values(), scorer.v);
  });
}

TEST(ScoreExpressions, SupportExpressionsMapsAndFixedSizes) {
  heed::Random random(2);
  heed::AdditiveScorer<double, 3, 4, 5> scorer;
  randomize(scorer, random);
  const Eigen::Vector3d query = random_matrix(3, 1, random);
  const Eigen::Matrix<double, 4, 6> memory = random_matrix(4, 6, random);
  const Matrix<double> expected = typed::scores(scorer, query, memory);
  const auto found =
      heed::expr::additive_scores(Eigen::Map<const Eigen::VectorXd>(query.data(), 3), (memory + memory).leftCols(6) / 2,
                                  scorer.W.values(), 2 * scorer.U.values() - scorer.U.values(), scorer.v.matrix());
  EXPECT_LE(difference(found, expected), 1e-14);
  static_assert(decltype(heed::expr::additive_scores(query, memory, scorer.W.values(), scorer.U.values(),
                                                     scorer.v))::SizeAtCompileTime == 6);
  const Eigen::Matrix3d same = random_matrix(3, 3, random);
  const Matrix<double> dot = heed::expr::dot_scores(query.topRows<3>(), same * 2);
  EXPECT_LE(difference(dot, same.transpose() * 2 * query), 1e-14);
}

TEST(ScoreExpressions, SupportSizesOfZero) {
  const Matrix<double> none(3, 0), some = Matrix<double>::Ones(3, 2), W = Matrix<double>::Ones(5, 3);
  const heed::Vector<double> v = heed::Vector<double>::Ones(5);
  EXPECT_EQ(heed::expr::additive_scores(none, some, W, W, v).size(), 0);
  EXPECT_EQ(heed::expr::additive_scores(some, none, W, W, v).size(), 0);
  EXPECT_EQ(heed::expr::scaled_dot_scores(some, none).size(), 0);
}

}  // namespace scores_test
