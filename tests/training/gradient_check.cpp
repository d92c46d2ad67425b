#include <heed/training/gradient_check.hpp>

#include <heed/layers/linear.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace gradient_check_test {

using heed::Index;
using heed::Matrix;

/// L = sum of x^3 over all elements; its gradient is 3 x^2.
double cubes(const Matrix<double>& x) { return x.array().cube().sum(); }
Matrix<double> exact(const Matrix<double>& x) { return 3 * x.array().square(); }

Matrix<double> random_values() {
  heed::Random random(1);
  return random_matrix(3, 4, random, 2);
}

TEST(CheckGradient, AcceptsExactGradientAndRestoresParameters) {
  Matrix<double> x = random_values();
  const Matrix<double> before = x;
  heed::GradientCheck check;
  heed::check_gradient(
      "x", x, exact(x), [&] { return cubes(x); }, check);
  EXPECT_LE(check.error, 1e-9);
  EXPECT_EQ(check.checked, 12);
  EXPECT_EQ(x, before);
}

TEST(CheckGradient, ReportsTheWrongDerivative) {
  Matrix<double> x = random_values(), wrong = exact(x);
  wrong(1, 2) += 0.01;
  heed::GradientCheck check;
  heed::check_gradient(
      "x", x, wrong, [&] { return cubes(x); }, check);
  EXPECT_EQ(check.name, "x");
  EXPECT_EQ(check.place, 7);
  EXPECT_EQ(check.analytic, wrong(1, 2));
  EXPECT_NEAR(check.numeric, wrong(1, 2) - 0.01, 1e-8);
  EXPECT_NEAR(check.error, 0.01 / std::max(1.0, wrong(1, 2)), 1e-8);
  EXPECT_EQ(check.checked, 12);
}

TEST(CheckGradient, KeepsLongDoublePrecision) {
  Matrix<long double> x = random_values().cast<long double>();
  heed::GradientCheck check;
  heed::check_gradient(
      "x", x, Matrix<long double>(3 * x.array().square()), [&] { return x.array().cube().sum(); }, check, 1e-6);
  EXPECT_LE(check.error, 1e-11);  // losses rounded to double are 1e-10 off
}

TEST(CheckGradient, AccumulatesTheLargestErrorOverCalls) {
  Matrix<double> x = random_values(), wrong = exact(x);
  wrong(0, 0) += 0.5;
  heed::GradientCheck check;
  const auto loss = [&] { return cubes(x); };
  heed::check_gradient("wrong", x, wrong, loss, check);
  heed::check_gradient("right", x, exact(x), loss, check);
  EXPECT_EQ(check.name, "wrong");
  EXPECT_EQ(check.checked, 24);
}

TEST(CheckGradient, ReportsNaNAsError) {
  Matrix<double> x = random_values(), wrong = exact(x);
  wrong(2, 1) = std::numeric_limits<double>::quiet_NaN();
  heed::GradientCheck check;
  heed::check_gradient(
      "x", x, wrong, [&] { return cubes(x); }, check);
  EXPECT_FALSE(check.error <= 1e-6);
}

TEST(CheckGradient, SupportsOtherStepSizes) {
  Matrix<double> x = random_values();
  heed::GradientCheck check;
  heed::check_gradient(
      "x", x, exact(x), [&] { return cubes(x); }, check, 0.1);
  EXPECT_GT(check.error, 1e-4);  // (L(x + h) - L(x - h)) / 2h = 3 x^2 + h^2
  EXPECT_LE(check.error, 0.1 * 0.1 + 1e-9);
}

TEST(CheckGradients, NamesTheWrongParameter) {
  heed::Random random(2);
  heed::Linear<double> part(3, 2);
  randomize(part, random);
  auto grad = part;  // the gradient of half the squared norm
  const auto loss = [&] { return 0.5 * heed::squared_norm(part); };
  heed::GradientCheck check = heed::check_gradients(part, grad, loss);
  EXPECT_LE(check.error, 1e-9);
  EXPECT_EQ(check.checked, 8);
  grad.b(1) += 1;
  check = heed::check_gradients(part, grad, loss);
  EXPECT_EQ(check.name, "b");
  EXPECT_EQ(check.place, 1);
  EXPECT_GT(check.error, 0.1);
}

}  // namespace gradient_check_test
