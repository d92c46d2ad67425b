#include <heed/scorers/coverage.hpp>

#include "support/numbers.hpp"
#include "support/prepacked.hpp"
#include "support/refusal.hpp"
#include "support/scorer_runs.hpp"

#include <heed/scorers/additive.hpp>

#include <gtest/gtest.h>

namespace coverage_test {

using heed::Matrix;

struct CoverageScorer : testing::Test {
  heed::Random random{313};
  heed::CoverageScorer<double> scorer{3, 4, 5};
  Matrix<double> queries = random_matrix(3, 2, random), values = random_matrix(4, 9, random),
                 coverage = random_matrix(9, 2, random).cwiseAbs();

  CoverageScorer() { randomize(scorer, random); }
};

TEST_F(CoverageScorer, MatchesAdditiveIfCoverageIsZero) {
  heed::AdditiveScorer<double> additive(3, 4, 5, true);
  additive.W = scorer.W;
  additive.U = scorer.U;
  additive.v = scorer.v;
  additive.b = scorer.b;
  const Matrix<double> expected = typed::scores(additive, queries, values);
  EXPECT_LE(difference(typed::scores(scorer, queries, values, Matrix<double>::Zero(9, 2)), expected), 1e-14);
  EXPECT_GT(difference(typed::scores(scorer, queries, values, coverage), expected), 0.01);
  scorer.w.setZero();
  EXPECT_LE(difference(typed::scores(scorer, queries, values, coverage), expected), 1e-14);
}

TEST_F(CoverageScorer, DependsOnSumOfEarlierWeights) { EXPECT_EQ(scorer.carried(), heed::Carried::sum); }

TEST_F(CoverageScorer, PackedMatchesUnpacked) {
  EXPECT_LE(difference(typed::scores(prepacked(scorer), queries, values, coverage),
                       typed::scores(scorer, queries, values, coverage)),
            1e-14);
}

TEST_F(CoverageScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_LE(typed::scorer_distance(heed::CoverageScorer<double, 3, 4, 5>(), heed::CoverageScorer<double>(3, 4, 5)),
            1e-14);
}

TEST_F(CoverageScorer, RejectsAlignmentSizeOfZero) {
  EXPECT_EQ(refusal([] { heed::CoverageScorer<double>(3, 4, 0); }),
            "CoverageScorer: the alignment size must be 1 or more, got 0");
}

}  // namespace coverage_test
