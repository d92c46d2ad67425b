#include <heed/scorers/location.hpp>

#include "support/numbers.hpp"
#include "support/prepacked.hpp"
#include "support/refusal.hpp"
#include "support/scorer_runs.hpp"

#include <heed/attention/attention.hpp>
#include <heed/normalizers/entmax.hpp>
#include <heed/normalizers/sparsemax.hpp>
#include <heed/normalizers/temperature.hpp>

#include <gtest/gtest.h>

namespace location_test {

using heed::Index;
using heed::Matrix;

struct LocationScorer : testing::Test {
  heed::Random random{311};
  heed::LocationScorer<double> scorer{3, 4, 5};
  Matrix<double> queries = random_matrix(3, 2, random);

  LocationScorer() { randomize(scorer, random); }
  Matrix<double> values(Index length) { return random_matrix(4, length, random); }
};

TEST_F(LocationScorer, UsesFirstRowsForShortSentence) {
  EXPECT_LE(difference(typed::scores(scorer, queries, values(2)), scorer.W.values().topRows(2) * queries), 1e-15);
}

TEST_F(LocationScorer, IgnoresPositionsBeyondItsRows) {
  const auto [context, weights] = heed::attend(scorer, queries, values(9));
  EXPECT_EQ(weights.bottomRows(4), (Matrix<double>::Zero(4, 2)));
  EXPECT_GT(weights.topRows(5).minCoeff(), 0);
  const typed::ScorerGradients d(scorer, queries, values(9), Matrix<double>::Ones(9, 2));
  EXPECT_LE(difference(d.parameters.W.values(), queries.rowwise().sum().transpose().replicate(5, 1)), 1e-15);
}

TEST_F(LocationScorer, EveryNormalizerIgnoresPositionsBeyondRows) {
  const Matrix<double> scores = typed::scores(scorer, queries, values(9));
  const auto expect = [&](const auto& normalizer) {
    Matrix<double> weights = scores, d = random_matrix(9, 2, random);
    normalizer.forward(weights);
    EXPECT_EQ(weights.bottomRows(4), (Matrix<double>::Zero(4, 2)));
    EXPECT_LE(difference(weights.colwise().sum(), Matrix<double>::Ones(1, 2)), 1e-14);
    normalizer.backward(weights, d);
    EXPECT_TRUE(d.allFinite());
    EXPECT_EQ(d.bottomRows(4), (Matrix<double>::Zero(4, 2)));
  };
  expect(heed::Softmax());
  expect(heed::TemperatureSoftmax(0.5));
  expect(heed::Sparsemax());
  expect(heed::Entmax15());
}

TEST_F(LocationScorer, DoesNotDependOnMemory) {
  EXPECT_EQ(typed::scores(scorer, queries, values(5)), typed::scores(scorer, queries, values(5)));
}

TEST_F(LocationScorer, PackedMatchesUnpacked) {
  const auto packed = prepacked(scorer);
  EXPECT_EQ(packed.memory_size(), 4);
  const Matrix<double> h = values(5);
  EXPECT_LE(difference(typed::scores(packed, queries, h), typed::scores(scorer, queries, h)), 1e-14);
}

TEST_F(LocationScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_LE(
      typed::scorer_distance(heed::LocationScorer<double, 3, 24>(3, 4, 24), heed::LocationScorer<double>(3, 4, 24)),
      1e-14);
}

TEST_F(LocationScorer, RejectsLongestSentenceOfZero) {
  EXPECT_EQ(refusal([] { heed::LocationScorer<double>(3, 4, 0); }), "LocationScorer: longest must be at least 1");
}

}  // namespace location_test
