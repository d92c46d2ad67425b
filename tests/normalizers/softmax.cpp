#include <heed/normalizers/softmax.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace softmax_test {

using heed::Matrix;

TEST(Softmax, SatisfiesConceptAndHasNoParameters) {
  static_assert(heed::Normalizer<heed::Softmax>);
  EXPECT_EQ(heed::parameter_count(heed::Softmax()), 0);
}

TEST(Softmax, ComputesSoftmax) {
  Matrix<double> x(2, 2);
  x << 0, 3, std::log(3.0), 3;
  heed::Softmax().forward(x);
  Matrix<double> expected(2, 2);
  expected << 0.25, 0.5, 0.75, 0.5;
  EXPECT_LE(difference(x, expected), 1e-15);
}

TEST(Softmax, IsInvariantToShiftOfScores) {
  heed::Random random(73);
  for (const double shift : {1e4, -1e4}) {
    Matrix<double> x = random_matrix(9, 2, random, 3), shifted = x.array() + shift;
    heed::Softmax().forward(x);
    heed::Softmax().forward(shifted);
    EXPECT_LE(difference(shifted, x), 1e-11);
  }
}

TEST(Softmax, GradientMatchesCentralDifferences) {
  heed::Random random(79);
  Matrix<double> x = random_matrix(5, 2, random, 2);
  const Matrix<double> d = random_matrix(5, 2, random);
  const auto weights = [&] {
    Matrix<double> y = x;
    heed::Softmax().forward(y);
    return y;
  };
  Matrix<double> d_x = d;
  heed::Softmax().backward(weights(), d_x);
  heed::GradientCheck check;
  heed::check_gradient(
      "x", x, d_x, [&] { return weights().cwiseProduct(d).sum(); }, check);
  EXPECT_LE(check.error, 1e-9);
}

}  // namespace softmax_test
