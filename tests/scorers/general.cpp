#include <heed/scorers/general.hpp>

#include "support/numbers.hpp"
#include "support/scorer_runs.hpp"

#include <heed/scorers/dot.hpp>

#include <gtest/gtest.h>

namespace general_test {

using heed::GeneralScorer;
using heed::Matrix;

TEST(GeneralScorer, MatchesDotForIdentityMatrix) {
  heed::Random random(17);
  GeneralScorer<double> general(4, 4);
  general.W.edit().setIdentity();
  const Matrix<double> queries = random_matrix(4, 3, random), values = random_matrix(4, 20, random);
  EXPECT_LE(
      difference(typed::scores(general, queries, values), typed::scores(heed::DotScorer<double>(4), queries, values)),
      1e-15);
}

TEST(GeneralScorer, HasNoKeys) { EXPECT_EQ(heed::detail::keys_of(GeneralScorer<double>(3, 4)).key_size(), 0); }

TEST(GeneralScorer, FixedSizesMatchDynamicSizes) {
  EXPECT_EQ((GeneralScorer<double, 3, 4>().memory_size()), 4);
  EXPECT_LE(typed::scorer_distance(GeneralScorer<double, 3, 4>(), GeneralScorer<double>(3, 4)), 1e-14);
}

}  // namespace general_test
