#include <heed/scorers/normed_additive.hpp>

#include "support/numbers.hpp"
#include "support/prepacked.hpp"
#include "support/refusal.hpp"
#include "support/scorer_runs.hpp"

#include <heed/scorers/additive.hpp>
#include <heed/training/gradient_check.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace normed_additive_test {

using heed::Matrix;
using heed::Random;

struct NormedAdditiveScorer : testing::Test {
  Random random{307};
  heed::NormedAdditiveScorer<double> scorer{3, 4, 5};
  Matrix<double> queries = random_matrix(3, 2, random), values = random_matrix(4, 20, random);
  Matrix<double> d_scores = random_matrix(20, 2, random);

  NormedAdditiveScorer() { randomize(scorer, random); }
};

TEST_F(NormedAdditiveScorer, MatchesAdditiveWithVOfEquation2) {
  heed::AdditiveScorer<double> additive(3, 4, 5, true);
  additive.W = scorer.W;
  additive.U = scorer.U;
  additive.b = scorer.b;
  additive.v = scorer.v / std::sqrt(scorer.v.dot(scorer.v)) * scorer.g(0);
  EXPECT_LE(difference(typed::scores(scorer, queries, values), typed::scores(additive, queries, values)), 1e-15);
  const typed::ScorerGradients d(scorer, queries, values, d_scores);
  const typed::ScorerGradients expected(additive, queries, values, d_scores);
  EXPECT_LE(difference(d.parameters.W.values(), expected.parameters.W.values()), 1e-14);
  EXPECT_LE(difference(d.parameters.U.values(), expected.parameters.U.values()), 1e-14);
  EXPECT_LE(difference(d.parameters.b, expected.parameters.b), 1e-14);
}

TEST_F(NormedAdditiveScorer, IsInvariantToScaleOfV) {
  const Matrix<double> expected = typed::scores(scorer, queries, values);
  const typed::ScorerGradients d(scorer, queries, values, d_scores);
  EXPECT_NEAR(d.parameters.v.dot(scorer.v), 0, 1e-14) << "the gradient of v is orthogonal to it";
  scorer.v *= 1e6;
  EXPECT_LE(difference(typed::scores(scorer, queries, values), expected), 1e-15);
  const typed::ScorerGradients d_large(scorer, queries, values, d_scores);
  EXPECT_LE(difference(d_large.parameters.v * 1e6, d.parameters.v), 1e-13);
  EXPECT_LE(difference(d_large.queries, d.queries), 1e-13);
}

TEST_F(NormedAdditiveScorer, MatchesDoubleForLargeV) {
  heed::NormedAdditiveScorer<double> wide(3, 4, 64);
  randomize(wide, random);
  wide.b.setConstant(12);  // every tanh is almost 1, so the denominators are largest
  wide.v *= 1e12;
  heed::NormedAdditiveScorer<float> scorer_in_float(3, 4, 64);
  copy_parameters(wide, scorer_in_float);
  EXPECT_LE(difference(typed::scores(scorer_in_float, queries.cast<float>(), values.cast<float>()),
                       typed::scores(wide, queries, values)),
            1e-5);
}

TEST_F(NormedAdditiveScorer, ScoresAndGradientsAreZeroIfVIsZero) {
  scorer.v.setZero();
  EXPECT_EQ(typed::scores(scorer, queries, values), (Matrix<double>::Zero(20, 2)));
  const typed::ScorerGradients d(scorer, queries, values, d_scores);
  EXPECT_EQ(heed::squared_norm(d.parameters), 0);
  EXPECT_EQ(d.queries, (Matrix<double>::Zero(3, 2)));
}

TEST_F(NormedAdditiveScorer, GradientOfGIsCorrectAtZero) {
  const Matrix<double> scores = typed::scores(scorer, queries, values) / scorer.g(0);
  scorer.g << 0;
  const typed::ScorerGradients d(scorer, queries, values, d_scores);
  EXPECT_NEAR(d.parameters.g(0), scores.cwiseProduct(d_scores).sum(), 1e-13);
  EXPECT_EQ(d.parameters.v, (Matrix<double>::Zero(5, 1)));
}

TEST_F(NormedAdditiveScorer, ComputesMeanOfTanhByDefault) {
  heed::NormedAdditiveScorer<double> fresh(3, 4, 5);
  fresh.W = scorer.W;
  const Matrix<double> mean = (fresh.W.values() * queries).array().tanh().matrix().colwise().mean();
  EXPECT_LE(difference(typed::scores(fresh, queries, values), mean.replicate(20, 1)), 1e-15);
}

TEST_F(NormedAdditiveScorer, GradientsMatchDifferencesForLargeInputs) {
  scorer.b(0) = 400;
  scorer.W.edit().row(0) *= 400;
  queries.row(0).setConstant(-1 / scorer.W(0, 0) * 400);
  queries.bottomRows(2).setConstant(1e-3);
  const typed::ScorerGradients d(scorer, queries, values, d_scores);
  const auto loss = [&] { return typed::scores(scorer, queries, values).cwiseProduct(d_scores).sum(); };
  const auto check = heed::check_gradients(scorer, d.parameters, loss);
  EXPECT_LE(check.error, 1e-5) << check.name << ' ' << check.place << ": " << check.analytic << ", not "
                               << check.numeric;
}

TEST_F(NormedAdditiveScorer, PackedMatchesUnpacked) {
  EXPECT_LE(difference(typed::scores(prepacked(scorer), queries, values), typed::scores(scorer, queries, values)),
            1e-14);
}

TEST_F(NormedAdditiveScorer, RejectsAlignmentSizeOfZero) {
  EXPECT_EQ(refusal([] { heed::NormedAdditiveScorer<double>(3, 4, 0); }),
            "NormedAdditiveScorer: the alignment size must be 1 or more, got 0");
}

TEST_F(NormedAdditiveScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_LE(typed::scorer_distance(heed::NormedAdditiveScorer<double, 3, 4, 5>(),
                                   heed::NormedAdditiveScorer<double>(3, 4, 5)),
            1e-14);
}

}  // namespace normed_additive_test
