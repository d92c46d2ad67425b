#include <heed/scorers/concat.hpp>

#include "support/numbers.hpp"
#include "support/scorer_runs.hpp"

#include <heed/scorers/additive.hpp>

#include <gtest/gtest.h>

namespace concat_test {

using heed::ConcatScorer;
using heed::Matrix;
using heed::Random;

TEST(ConcatScorer, MatchesAdditiveWithConcatenatedMatrices) {
  Random random(31);
  heed::AdditiveScorer<double> additive(3, 4, 5);
  randomize(additive, random);
  ConcatScorer<double> concat(3, 4, 5);
  concat.W.edit() << additive.W.values(), additive.U.values();
  concat.v = additive.v;
  const Matrix<double> queries = random_matrix(3, 2, random), values = random_matrix(4, 20, random);
  EXPECT_EQ(typed::scores(concat, queries, values), typed::scores(additive, queries, values));

  const Matrix<double> d_scores = random_matrix(20, 2, random);
  const typed::ScorerGradients d(concat, queries, values, d_scores);
  const typed::ScorerGradients expected(additive, queries, values, d_scores);
  Matrix<double> both(5, 7);
  both << expected.parameters.W.values(), expected.parameters.U.values();
  EXPECT_LE(difference(d.parameters.W.values(), both), 1e-15);
  EXPECT_LE(difference(d.parameters.v, expected.parameters.v), 1e-15);
}

TEST(ConcatScorer, ReturnsQueryAndMemorySizes) {
  const ConcatScorer<double> scorer(3, 4, 5);
  EXPECT_EQ(scorer.query_size(), 3);
  EXPECT_EQ(scorer.memory_size(), 4);
  EXPECT_EQ(scorer.W.cols(), 7);
}

TEST(ConcatScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_EQ((ConcatScorer<double, 3, 4, 5>().query_size()), 3);
  EXPECT_EQ((ConcatScorer<double, 3, 4, 5>().memory_size()), 4);
  EXPECT_LE(typed::scorer_distance(ConcatScorer<double, 3, 4, 5>(), ConcatScorer<double>(3, 4, 5)), 1e-14);
}

}  // namespace concat_test
