#include <heed/attention.hpp>
#include <heed/scorers/additive.hpp>

#include "support/numbers.hpp"
#include "support/scorer_runs.hpp"

#include <gtest/gtest.h>

using heed::AdditiveScorer;
using heed::Matrix;
using heed::Random;

TEST(AdditiveScorer, WithVZeroAttendsUniformlyAndSendsNoGradientToTheMatrices) {
  Random random(19);
  AdditiveScorer<double> scorer(3, 4, 5, true);
  randomize(scorer, random);
  scorer.v.setZero();
  const Matrix<double> queries = random_matrix(3, 2, random), values = random_matrix(4, 8, random);
  const auto [context, weights] = heed::attend(scorer, queries, values);
  EXPECT_EQ(weights, (Matrix<double>::Constant(8, 2, 1.0 / 8)));
  EXPECT_LE(difference(context.col(0), values.rowwise().mean()), 1e-15);
  const typed::ScorerGradients d(scorer, queries, values, random_matrix(8, 2, random));
  EXPECT_EQ(d.parameters.W, (Matrix<double>::Zero(5, 3)));
  EXPECT_EQ(d.parameters.U, (Matrix<double>::Zero(5, 4)));
  EXPECT_EQ(d.parameters.b, (heed::Vector<double>::Zero(5)));
  EXPECT_GT(d.parameters.v.cwiseAbs().minCoeff(), 0);
}

TEST(AdditiveScorer, HasABiasOnlyWhenAsked) {
  EXPECT_EQ(heed::parameter_count(AdditiveScorer<double>(3, 4, 5)), 5 * (3 + 4 + 1));
  EXPECT_EQ(heed::parameter_count(AdditiveScorer<double>(3, 4, 5, true)), 5 * (3 + 4 + 2));
  Random random(23);
  AdditiveScorer<double> scorer(3, 4, 5, true);
  randomize(scorer, random);
  const Matrix<double> queries = random_matrix(3, 2, random), values = random_matrix(4, 8, random);
  const Matrix<double> with = typed::scores(scorer, queries, values);
  scorer.b.setZero();
  EXPECT_GT(difference(typed::scores(scorer, queries, values), with), 0.01);
}

TEST(AdditiveScorer, FixedSizesAgreeWithDynamicOnes) {
  EXPECT_EQ((AdditiveScorer<double, 3, 4, 5>().key_size()), 5);
  EXPECT_LE(typed::scorer_distance(AdditiveScorer<double, 3, 4, 5>(), AdditiveScorer<double>(3, 4, 5)), 1e-14);
}
