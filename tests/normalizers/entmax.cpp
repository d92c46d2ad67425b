#include <heed/normalizers/entmax.hpp>

#include <heed/normalizers/softmax.hpp>
#include <heed/normalizers/sparsemax.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace entmax_test {

using heed::Entmax15;
using heed::Index;
using heed::Matrix;

/// The exact algorithm with sorting: takes the largest k whose tau is below the k-th score.
Matrix<double> by_sorting(const Matrix<double>& scores) {
  Matrix<double> weights = scores;
  for (Index i = 0; i < scores.cols(); ++i) {
    std::vector<long double> z(scores.col(i).begin(), scores.col(i).end());
    std::sort(z.rbegin(), z.rend());
    for (auto& score : z) score = score / 2;
    long double tau = 0;
    for (std::size_t k = 1; k <= z.size(); ++k) {
      const auto size = static_cast<long double>(k);
      long double mean = 0, squares = 0;
      for (std::size_t j = 0; j < k; ++j) mean += z[j] / size;
      for (std::size_t j = 0; j < k; ++j) squares += (z[j] - mean) * (z[j] - mean);
      if (squares > 1) break;
      const long double next = mean - std::sqrt((1 - squares) / size);
      if (next > z[k - 1]) break;
      tau = next;
    }
    for (double& weight : weights.col(i)) {
      const double above = std::max(weight / 2 - static_cast<double>(tau), 0.0);
      weight = above * above;
    }
  }
  return weights;
}

TEST(Entmax15, MatchesSortingAlgorithm) {
  heed::Random random(269);
  for (const Index n : {1, 2, 9, 50, 300}) {
    for (const double reach : {0.001, 0.1, 1.0, 10.0}) {
      Matrix<double> x = random_matrix(n, 5, random, reach);
      const Matrix<double> expected = by_sorting(x);
      Entmax15().forward(x);
      EXPECT_LE(difference(x, expected), 3e-15) << n << " scores within " << reach;
    }
  }
}

TEST(Entmax15, MatchesClosedFormForTwoScores) {
  for (const double t : {-3.0, -2.0, -1.5, 0.0, 0.1, 1.999, 2.5}) {  // s - u = t / 2 with s^2 + u^2 = 1
    Matrix<double> x(2, 1);
    x << t, 0;
    Entmax15().forward(x);
    const double s = t / 4 + std::sqrt(0.5 - t * t / 16), expected = t >= 2 ? 1 : t <= -2 ? 0 : s * s;
    EXPECT_NEAR(x(0), expected, 1e-15) << t;
    EXPECT_NEAR(x(1), 1 - expected, 1e-15) << t;
  }
}

TEST(Entmax15, HasFewerZerosThanSparsemax) {
  heed::Random random(271);
  const Matrix<float> scores = random_matrix<float>(100, 1, random, 3);
  Matrix<float> soft = scores, entmax = scores, sparse = scores;
  heed::Softmax().forward(soft);
  Entmax15().forward(entmax);
  heed::Sparsemax().forward(sparse);
  const auto support = [](const Matrix<float>& weights) { return (weights.array() > 0).count(); };
  EXPECT_EQ(support(soft), 100);
  EXPECT_LT(support(entmax), 100);
  EXPECT_LT(support(sparse), support(entmax));
  EXPECT_GT(entmax.maxCoeff(), soft.maxCoeff());
  EXPECT_GT(sparse.maxCoeff(), entmax.maxCoeff());
}

TEST(Entmax15, GradientIsZeroWhereWeightsAreZero) {
  Matrix<double> weights(4, 1), d(4, 1);
  weights << 0.25, 0, 0.25, 0.5;
  d << 1, 7, 2, 6;
  Entmax15().backward(weights, d);
  EXPECT_EQ(d(1), 0);
  EXPECT_NEAR(d.sum(), 0, 1e-15) << "the sum of the weights is always 1";
  EXPECT_LT(d(0), d(2));
  EXPECT_LT(d(2), 0);
}

}  // namespace entmax_test
