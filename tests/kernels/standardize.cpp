#include <heed/kernels/standardize.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace standardize_test {

using heed::Index;
using heed::Matrix;

TEST(Standardize, ComputesMeanZeroVarianceOneAndTheScale) {
  heed::Random random(401);
  for (const Index count : {1, 2, 3, 7, 8, 33}) {
    Matrix<double> x = random_matrix(count, 1, random, 100).array() + 50;
    const Matrix<double> before = x;
    const double inverse = heed::detail::standardize(x.data(), count);
    EXPECT_LE(std::abs(x.mean()), 1e-14);
    const double variance = (before.array() - before.mean()).square().mean();
    EXPECT_DOUBLE_EQ(inverse, 1 / std::sqrt(variance + 1e-5)) << count;
    EXPECT_LE(difference(x, Matrix<double>((before.array() - before.mean()) * inverse)), 1e-13);
  }
}

TEST(Standardize, DoesNotDependOnAlignment) {
  heed::Random random(409);
  for (const Index count : {1, 3, 8, 21}) {
    const Matrix<float> x = random_matrix<float>(count, 1, random);
    Matrix<float> expected = x;
    const float inverse = heed::detail::standardize(expected.data(), count);
    for (Index at = 1; at < 9; ++at) {
      Matrix<float> buffer = random_matrix<float>(count + 16, 1, random);
      buffer.middleRows(at, count) = x;
      EXPECT_EQ(heed::detail::standardize(buffer.data() + at, count), inverse);
      EXPECT_EQ(buffer.middleRows(at, count), expected);
    }
  }
}

TEST(Standardize, KeepsLongDoublePrecisionForSmallVariance) {
  long double x[] = {1, 1, 1};
  EXPECT_LE(std::abs(heed::detail::standardize(x, 3) * std::sqrt(1e-5L) - 1), 1e-18L);
}

}  // namespace standardize_test
