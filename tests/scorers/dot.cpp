#include <heed/scorers/dot.hpp>

#include "support/scorer_runs.hpp"

#include <gtest/gtest.h>

namespace dot_test {

using heed::DotScorer;
using heed::Matrix;

TEST(DotScorer, ComputesDotProducts) {
  Matrix<double> queries(2, 2), values(2, 3);
  queries << 1, 3,  //
      2, 4;
  values << 1, 0, -1,  //
      0, 1, 5;
  Matrix<double> expected(3, 2);
  expected << 1, 3,  //
      2, 4,          //
      9, 17;
  EXPECT_EQ(typed::scores(DotScorer<double>(2), queries, values), expected);
}

TEST(DotScorer, HasNoParametersAndNoKeys) {
  EXPECT_EQ(heed::parameter_count(DotScorer<double>(4)), 0);
  EXPECT_EQ(heed::detail::keys_of(DotScorer<double>(4)).key_size(), 0);
}

TEST(DotScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_EQ((DotScorer<double, 4>().query_size()), 4);
  EXPECT_LE(typed::scorer_distance(DotScorer<double, 4>(), DotScorer<double>(4)), 1e-14);
}

}  // namespace dot_test
