#include <heed/search/hypothesis.hpp>

#include <gtest/gtest.h>

namespace hypothesis_test {

using heed::Vector;

TEST(LengthPenalty, MatchesPaper) {
  EXPECT_EQ(heed::length_penalty(1, 0.7), 1);
  EXPECT_EQ(heed::length_penalty(13, 0), 1);
  EXPECT_DOUBLE_EQ(heed::length_penalty(13, 1), 3);
  EXPECT_DOUBLE_EQ(heed::length_penalty(19, 2), 16);
}

TEST(CoveragePenalty, MatchesPaper) {
  const Vector<double> coverage{{0.5, 1.75, 0.25, 1}};  // a source token with coverage of at least 1 costs nothing
  EXPECT_DOUBLE_EQ(heed::coverage_penalty(coverage, 0.2), 0.2 * std::log(0.125));
  EXPECT_EQ(heed::coverage_penalty(coverage, 0), 0);
  EXPECT_EQ(heed::coverage_penalty(Vector<float>::Constant(7, 1.5f), 3), 0);
}

TEST(CoveragePenalty, IsFiniteForUnattendedSourceTokens) {
  EXPECT_DOUBLE_EQ(heed::coverage_penalty(Vector<double>{{0.0, 1.0, 1e-30}}, 2), 4 * std::log(heed::min_coverage));
  EXPECT_DOUBLE_EQ(heed::coverage_penalty(Vector<double>{{2e-6}}, 1), std::log(2e-6));
}

}  // namespace hypothesis_test
