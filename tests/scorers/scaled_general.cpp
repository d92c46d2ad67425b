#include <heed/scorers/scaled_general.hpp>

#include "support/numbers.hpp"
#include "support/prepacked.hpp"
#include "support/scorer_runs.hpp"

#include <heed/scorers/general.hpp>

#include <gtest/gtest.h>

namespace scaled_general_test {

using heed::Matrix;
using heed::Random;

struct ScaledGeneralScorer : testing::Test {
  Random random{293};
  heed::ScaledGeneralScorer<double> scorer{3, 4};
  heed::GeneralScorer<double> general{3, 4};
  Matrix<double> queries = random_matrix(3, 2, random), values = random_matrix(4, 20, random);
  Matrix<double> d_scores = random_matrix(20, 2, random);

  ScaledGeneralScorer() { general.W = scorer.W = random_matrix(3, 4, random); }
};

TEST_F(ScaledGeneralScorer, MatchesGeneralByDefault) {
  EXPECT_EQ(typed::scores(scorer, queries, values), typed::scores(general, queries, values));
}

TEST_F(ScaledGeneralScorer, MultipliesScoresByG) {
  scorer.g << -4;
  EXPECT_EQ(typed::scores(scorer, queries, values), -4 * typed::scores(general, queries, values));
  EXPECT_EQ(heed::parameter_count(scorer), 3 * 4 + 1);
}

TEST_F(ScaledGeneralScorer, GradientOfGIsCorrectAtZero) {
  scorer.g << 0;
  EXPECT_EQ(typed::scores(scorer, queries, values), (Matrix<double>::Zero(20, 2)));
  const typed::ScorerGradients d(scorer, queries, values, d_scores);
  EXPECT_NEAR(d.parameters.g(0), typed::scores(general, queries, values).cwiseProduct(d_scores).sum(), 1e-14);
  EXPECT_EQ(d.parameters.W.values(), (Matrix<double>::Zero(3, 4)));
  EXPECT_EQ(d.queries, (Matrix<double>::Zero(3, 2)));
  EXPECT_EQ(d.values, (Matrix<double>::Zero(4, 20)));
}

TEST_F(ScaledGeneralScorer, PackedMatchesUnpacked) {
  scorer.g << 0.7;
  EXPECT_LE(difference(typed::scores(prepacked(scorer), queries, values), typed::scores(scorer, queries, values)),
            1e-14);
}

TEST_F(ScaledGeneralScorer, HasNoKeys) { EXPECT_EQ(heed::detail::keys_of(scorer).key_size(), 0); }

TEST_F(ScaledGeneralScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_EQ((heed::ScaledGeneralScorer<double, 3, 4>().memory_size()), 4);
  EXPECT_LE(typed::scorer_distance(heed::ScaledGeneralScorer<double, 3, 4>(), heed::ScaledGeneralScorer<double>(3, 4)),
            1e-14);
}

}  // namespace scaled_general_test
