#include <heed/normalizers/sparsemax.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace sparsemax_test {

using heed::Index;
using heed::Matrix;
using heed::Sparsemax;

/// Algorithm 1 of the paper: sorts the scores, then adds them up until the next score is too low.
Matrix<double> by_sorting(const Matrix<double>& scores) {
  Matrix<double> weights = scores;
  for (Index i = 0; i < scores.cols(); ++i) {
    std::vector<long double> z(scores.col(i).begin(), scores.col(i).end());
    std::sort(z.rbegin(), z.rend());
    long double sum = 0, tau = 0;
    for (std::size_t k = 0; k < z.size(); ++k) {
      const auto size = static_cast<long double>(k + 1);
      if (1 + size * z[k] <= sum + z[k]) break;
      sum += z[k];
      tau = (sum - 1) / size;
    }
    for (double& weight : weights.col(i)) weight = std::max(weight - static_cast<double>(tau), 0.0);
  }
  return weights;
}

TEST(Sparsemax, MatchesEquation2) {
  Matrix<double> x(3, 5), expected(3, 5);
  x << 1, 0.5, 5, 2, 0.3,   //
      0, 0.2, 5, 1.5, 0.5,  //
      0, 0.3, 1, 0.25, 0.2;
  expected << 1, 0.5, 0.5, 0.75, 0.3,  //
      0, 0.2, 0.5, 0.25, 0.5,          //
      0, 0.3, 0, 0, 0.2;
  Sparsemax().forward(x);
  EXPECT_LE(difference(x, expected), 1e-15);
}

TEST(Sparsemax, MatchesAlgorithm1) {
  heed::Random random(257);
  for (const Index n : {1, 2, 9, 50, 500}) {
    for (const double reach : {0.001, 0.1, 1.0, 10.0}) {
      Matrix<double> x = random_matrix(n, 5, random, reach);
      const Matrix<double> expected = by_sorting(x);
      Sparsemax().forward(x);
      EXPECT_LE(difference(x, expected), 3e-15) << n << " scores within " << reach;
    }
  }
}

TEST(Sparsemax, HasExactZeros) {
  heed::Random random(263);
  Matrix<float> x = random_matrix<float>(100, 1, random, 3);
  const Matrix<float> scores = x;
  Sparsemax().forward(x);
  const auto support = (x.array() > 0).count();
  EXPECT_GT(support, 1);
  EXPECT_LT(support, 20);
  EXPECT_EQ((x.array() == 0).count(), 100 - support);
  EXPECT_GT((x.array() > 0).select(scores, 9).minCoeff(), (x.array() == 0).select(scores, -9).maxCoeff());
}

TEST(Sparsemax, MatchesAlgorithm1ForCloseScores) {
  Matrix<double> x(60, 1);
  for (Index j = 0; j < 60; ++j) x(j) = -std::pow(0.5, static_cast<double>(j));
  Matrix<double> weights = x;
  Sparsemax().forward(weights);
  EXPECT_LE(difference(weights, by_sorting(x)), 1e-15);
}

TEST(Sparsemax, GradientMatchesEquation14) {
  Matrix<double> weights(4, 1), d(4, 1), expected(4, 1);
  weights << 0.5, 0, 0.2, 0.3;
  d << 1, 7, 2, 6;
  expected << -2, 0, -1, 3;
  Sparsemax().backward(weights, d);
  EXPECT_EQ(d, expected);
}

}  // namespace sparsemax_test
