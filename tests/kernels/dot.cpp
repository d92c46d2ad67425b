#include <heed/kernels/dot.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

using heed::Index;
using heed::Matrix;

TEST(DotMatch, ScoresAndItsGradientsAreThoseOfTheProduct) {
  using Match = heed::detail::DotMatch<double, Eigen::Dynamic>;
  heed::Random random(4);
  const Matrix<double> q = random_matrix(5, 3, random), keys = random_matrix(5, 7, random);
  const Matrix<double> d = random_matrix(7, 3, random);
  Matrix<double> scores(7, 3), d_q = Matrix<double>::Ones(5, 3), d_keys = Matrix<double>::Ones(5, 7);
  Match::score(q, keys, scores);
  Match::score_backward(q, keys, d, d_q, d_keys);
  for (Index j = 0; j < 7; ++j) {
    for (Index i = 0; i < 3; ++i) {
      double score = 0;
      for (Index k = 0; k < 5; ++k) score += q(k, i) * keys(k, j);
      EXPECT_NEAR(scores(j, i), score, 1e-14);
    }
  }
  for (Index k = 0; k < 5; ++k) {
    for (Index i = 0; i < 3; ++i) {
      double sum = 1;  // gradients are added to
      for (Index j = 0; j < 7; ++j) sum += d(j, i) * keys(k, j);
      EXPECT_NEAR(d_q(k, i), sum, 1e-14);
    }
    for (Index j = 0; j < 7; ++j) {
      double sum = 1;
      for (Index i = 0; i < 3; ++i) sum += d(j, i) * q(k, i);
      EXPECT_NEAR(d_keys(k, j), sum, 1e-14);
    }
  }
}
