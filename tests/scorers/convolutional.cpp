#include <heed/scorers/convolutional.hpp>

#include "support/numbers.hpp"
#include "support/prepacked.hpp"
#include "support/refusal.hpp"
#include "support/scorer_runs.hpp"

#include <heed/scorers/additive.hpp>

#include <gtest/gtest.h>

namespace convolutional_test {

using heed::Index;
using heed::Matrix;

struct ConvolutionalScorer : testing::Test {
  heed::Random random{317};
  heed::ConvolutionalScorer<double> scorer{
      {.query_size = 3, .memory_size = 4, .alignment_size = 5, .filters = 2, .width = 3}};
  Matrix<double> queries = random_matrix(3, 2, random), values = random_matrix(4, 9, random),
                 last = random_matrix(9, 2, random).cwiseAbs();

  ConvolutionalScorer() { randomize(scorer, random); }
};

TEST_F(ConvolutionalScorer, MatchesAdditiveAtFirstStep) {
  heed::AdditiveScorer<double> additive(3, 4, 5, true);
  additive.W = scorer.W;
  additive.U = scorer.V;
  additive.v = scorer.v;
  additive.b = scorer.b;
  const Matrix<double> expected = typed::scores(additive, queries, values);
  EXPECT_LE(difference(typed::scores(scorer, queries, values, Matrix<double>::Zero(9, 2)), expected), 1e-14);
  EXPECT_GT(difference(typed::scores(scorer, queries, values, last), expected), 0.01);
}

TEST_F(ConvolutionalScorer, DependsOnLastWeightsWithinFilterWidth) {
  EXPECT_EQ(scorer.carried(), heed::Carried::last);
  Matrix<double> other = last;
  other(6, 0) += 1;  // a filter of width 3 reaches this column and its neighbours
  const Matrix<double> change =
      (typed::scores(scorer, queries, values, other) - typed::scores(scorer, queries, values, last)).cwiseAbs();
  for (Index j = 0; j < 9; ++j) EXPECT_EQ(change(j, 0) > 1e-6, j >= 5 && j <= 7) << j;
  EXPECT_EQ(change.col(1), (Matrix<double>::Zero(9, 1)));
}

TEST_F(ConvolutionalScorer, SupportsFiltersWiderThanSentence) {
  heed::ConvolutionalScorer<double> wide(
      {.query_size = 3, .memory_size = 4, .alignment_size = 5, .filters = 2, .width = 21}),
      narrow({.query_size = 3, .memory_size = 4, .alignment_size = 5, .filters = 2, .width = 3});
  randomize(wide, random);
  narrow.W = wide.W;
  narrow.V = wide.V;
  narrow.U = wide.U;
  narrow.v = wide.v;
  narrow.b = wide.b;
  narrow.F = wide.F.middleCols(9, 3);
  wide.F.leftCols(9).setZero();
  wide.F.rightCols(9).setZero();
  EXPECT_LE(difference(typed::scores(wide, queries, values, last), typed::scores(narrow, queries, values, last)),
            1e-14);
}

TEST_F(ConvolutionalScorer, PackedMatchesUnpacked) {
  EXPECT_LE(
      difference(typed::scores(prepacked(scorer), queries, values, last), typed::scores(scorer, queries, values, last)),
      1e-14);
}

TEST_F(ConvolutionalScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_LE(typed::scorer_distance(
                heed::ConvolutionalScorer<double, 3, 4, 5>(),
                heed::ConvolutionalScorer<double>({.query_size = 3, .memory_size = 4, .alignment_size = 5})),
            1e-14);
}

TEST_F(ConvolutionalScorer, RejectsInvalidFiltersAndAlignmentSize) {
  EXPECT_EQ(
      refusal([] {
        heed::ConvolutionalScorer<double>(
            {.query_size = 3, .memory_size = 4, .alignment_size = 5, .filters = 2, .width = 4});
      }),
      "ConvolutionalScorer: filters must be at least 1 and width must be positive and odd, got filters 2 and width 4");
  EXPECT_EQ(
      refusal([] {
        heed::ConvolutionalScorer<double>(
            {.query_size = 3, .memory_size = 4, .alignment_size = 5, .filters = 0, .width = 3});
      }),
      "ConvolutionalScorer: filters must be at least 1 and width must be positive and odd, got filters 0 and width 3");
  EXPECT_EQ(
      refusal([] { heed::ConvolutionalScorer<double>({.query_size = 3, .memory_size = 4, .alignment_size = 0}); }),
      "ConvolutionalScorer: the alignment size must be 1 or more, got 0");
}

}  // namespace convolutional_test
