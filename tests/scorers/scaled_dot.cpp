#include <heed/scorers/scaled_dot.hpp>

#include "support/numbers.hpp"
#include "support/scorer_runs.hpp"

#include <heed/attention/attention.hpp>
#include <heed/scorers/dot.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace scaled_dot_test {

using heed::Matrix;
using heed::Random;
using heed::ScaledDotScorer;

TEST(ScaledDotScorer, MatchesEquation1) {
  Matrix<double> query(4, 1), value(4, 1);
  query << 1, 2, 3, 4;
  value << 1, 0, 0, 2;
  EXPECT_EQ(typed::scores(ScaledDotScorer<double>(4), query, value), (Matrix<double>::Constant(1, 1, 4.5)));
}

TEST(ScaledDotScorer, VarianceOfScoresDoesNotDependOnSize) {
  Random random(281);
  for (const heed::Index size : {16, 256}) {
    const Matrix<double> queries = random_matrix(size, 40, random, std::sqrt(3.0));  // elements of variance 1
    const Matrix<double> values = random_matrix(size, 40, random, std::sqrt(3.0));
    const double variance = typed::scores(ScaledDotScorer<double>(size), queries, values).squaredNorm() / 1600;
    EXPECT_NEAR(variance, 1, 0.1) << size;
  }
}

TEST(ScaledDotScorer, MatchesDotOverLongMemory) {
  Random random(283);
  const Matrix<double> queries = random_matrix(64, 3, random), memory = random_matrix(64, 300, random);
  static_assert(sizeof(double) * 64 * 300 > 40 * 1024, "long enough for online softmax");
  const auto scaled = heed::attend(ScaledDotScorer<double>(64), queries, memory);
  const auto plain = heed::attend(heed::DotScorer<double>(64), queries / 8, memory);
  EXPECT_EQ(scaled.weights, plain.weights);
  EXPECT_EQ(scaled.context, plain.context);
}

TEST(ScaledDotScorer, HasNoParametersAndNoKeys) {
  EXPECT_EQ(heed::parameter_count(ScaledDotScorer<double>(4)), 0);
  EXPECT_EQ(heed::detail::keys_of(ScaledDotScorer<double>(4)).key_size(), 0);
}

TEST(ScaledDotScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_EQ((ScaledDotScorer<double, 4>().query_size()), 4);
  EXPECT_LE(typed::scorer_distance(ScaledDotScorer<double, 4>(), ScaledDotScorer<double>(4)), 1e-14);
}

}  // namespace scaled_dot_test
