#include <heed/attention/attention.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/scorer_runs.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace additive_test {

using heed::AdditiveScorer;
using heed::Matrix;
using heed::Random;

TEST(AdditiveScorer, AttendsUniformlyIfVIsZero) {
  Random random(19);
  AdditiveScorer<double> scorer(3, 4, 5, true);
  randomize(scorer, random);
  scorer.v.setZero();
  const Matrix<double> queries = random_matrix(3, 2, random), values = random_matrix(4, 8, random);
  const auto [context, weights] = heed::attend(scorer, queries, values);
  EXPECT_EQ(weights, (Matrix<double>::Constant(8, 2, 1.0 / 8)));
  EXPECT_LE(difference(context.col(0), values.rowwise().mean()), 1e-15);
  const typed::ScorerGradients d(scorer, queries, values, random_matrix(8, 2, random));
  EXPECT_EQ(d.parameters.W.values(), (Matrix<double>::Zero(5, 3)));
  EXPECT_EQ(d.parameters.U.values(), (Matrix<double>::Zero(5, 4)));
  EXPECT_EQ(d.parameters.b, (heed::Vector<double>::Zero(5)));
  EXPECT_GT(d.parameters.v.cwiseAbs().minCoeff(), 0);
}

TEST(AdditiveScorer, BiasIsOptional) {
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

TEST(AdditiveScorer, MatchesTanhForLargeInputs) {
  AdditiveScorer<float> scorer(1, 1, 2);
  scorer.W.edit() << 1, 1;
  scorer.U.edit() << 1, 0;
  scorer.v << 1, 0.25f;
  Matrix<float> queries(1, 5), values(1, 6);
  queries << -29, 30, 0.5f, 1e30f, -99;
  values << 30, -29, 100, -1e30f, 0, 98.5f;
  const Matrix<float> found = typed::scores(scorer, queries, values);
  for (heed::Index j = 0; j < 6; ++j) {
    for (heed::Index i = 0; i < 5; ++i) {
      const float q = queries(0, i), expected = std::tanh(q + values(0, j)) + 0.25f * std::tanh(q);
      EXPECT_NEAR(found(j, i), expected, 1e-6) << q << " and " << values(0, j);
    }
  }
}

TEST(AdditiveScorer, GradientsMatchDifferencesForLargeInputs) {
  Random random(29);
  AdditiveScorer<double> scorer(3, 4, 5, true);
  randomize(scorer, random);
  Matrix<double> queries = random_matrix(3, 3, random), values = random_matrix(4, 8, random);
  scorer.b(0) = 400;  // exp of every key would overflow; with the query, the sum is small again
  scorer.W.edit().row(0) *= 400;
  queries.row(0).setConstant(-1 / scorer.W(0, 0) * 400);
  queries.bottomRows(2).setConstant(1e-3);
  const Matrix<double> d_scores = random_matrix(8, 3, random);
  const typed::ScorerGradients d(scorer, queries, values, d_scores);
  const auto loss = [&] { return typed::scores(scorer, queries, values).cwiseProduct(d_scores).sum(); };
  auto check = heed::check_gradients(scorer, d.parameters, loss);
  heed::check_gradient("queries", queries, d.queries, loss, check);
  heed::check_gradient("values", values, d.values, loss, check);
  EXPECT_LE(check.error, 1e-5) << check.name << ' ' << check.place << ": " << check.analytic << ", not "
                               << check.numeric;
}

TEST(AdditiveScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_EQ((AdditiveScorer<double, 3, 4, 5>().key_size()), AdditiveScorer<double>(3, 4, 5).key_size());
  EXPECT_LE(typed::scorer_distance(AdditiveScorer<double, 3, 4, 5>(), AdditiveScorer<double>(3, 4, 5)), 1e-14);
}

}  // namespace additive_test
