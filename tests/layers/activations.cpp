#include <heed/layers/activations.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace activations_test {

using heed::Index;
using heed::Matrix;
using heed::Random;

/// The largest error of an activation's backward compared with central differences of the loss sum(d * f(x)).
template <class Activation>
double gradient_error() {
  Random random(51);
  Matrix<double> x = random_matrix(4, 5, random, 3);
  const Matrix<double> d = random_matrix(4, 5, random);
  const auto forward = [&] {
    Matrix<double> y = x;
    Activation::forward(y);
    return y;
  };
  Matrix<double> d_x = d;
  Activation::backward(forward(), d_x);
  heed::GradientCheck check;
  heed::check_gradient(
      "x", x, d_x, [&] { return forward().cwiseProduct(d).sum(); }, check);
  EXPECT_EQ(check.checked, 20);
  return check.error;
}

template <class S>
void expect_softmax_is_safe(S shift) {
  Matrix<S> x(3, 2);
  x << 1, -2, 2, 0, 3, 5;
  Matrix<S> shifted = x.array() + shift;
  const Matrix<S> y = (heed::softmax(x), x);
  heed::softmax(shifted);
  const double tolerance = 4e4 * static_cast<double>(std::numeric_limits<S>::epsilon());  // x + shift is rounded
  EXPECT_LE(difference(shifted, y), tolerance) << "shift " << shift;
}

template <class S>
double product_error(Index rows, Index depth, Index cols) {
  Random random(53);
  const Matrix<S> a = random_matrix<S>(rows, depth, random), b = random_matrix<S>(depth, cols, random);
  Matrix<S> out = random_matrix<S>(rows, cols, random);
  Matrix<S> expected = out;
  for (Index j = 0; j < cols; ++j) {
    for (Index i = 0; i < rows; ++i) {
      long double sum = out(i, j);
      for (Index k = 0; k < depth; ++k) sum += static_cast<long double>(a(i, k)) * b(k, j);
      expected(i, j) = static_cast<S>(sum);
    }
  }
  heed::add_product(a, b, out);
  return difference(out, expected);
}

TEST(Tanh, MatchesStandardLibraryAndDifferences) {
  Matrix<double> x(1, 4);
  x << 0, 0.5, -3, 1000;
  heed::Tanh::forward(x);
  EXPECT_LE(difference(x, Eigen::RowVector4d(0, std::tanh(0.5), std::tanh(-3.0), 1)), 1e-15);
  EXPECT_LE(gradient_error<heed::Tanh>(), 1e-9);
}

TEST(Sigmoid, SaturatesAndGradientMatchesDifferences) {
  Matrix<double> x(1, 4);
  x << 0, 2, -1000, 1000;
  heed::Sigmoid::forward(x);
  EXPECT_LE(difference(x, Eigen::RowVector4d(0.5, static_cast<double>(oracle::sigmoid(2)), 0, 1)), 1e-15);
  Matrix<float> f(1, 2);
  f << -200, 200;
  heed::Sigmoid::forward(f);
  EXPECT_LE(difference(f, Eigen::RowVector2f(0, 1)), 1e-7);
  EXPECT_LE(gradient_error<heed::Sigmoid>(), 1e-9);
}

TEST(Relu, IsZeroBelowZeroAndGradientMatchesDifferences) {
  Matrix<double> x(1, 3), d = Matrix<double>::Ones(1, 3);
  x << -2, 0, 3;
  heed::Relu::forward(x);
  EXPECT_EQ(x, (Matrix<double, 1, 3>(0, 0, 3)));
  heed::Relu::backward(x, d);
  EXPECT_EQ(d, (Matrix<double, 1, 3>(0, 0, 1))) << "the derivative at 0 is 0";
  EXPECT_LE(gradient_error<heed::Relu>(), 1e-9);
}

TEST(Activations, WriteIntoBlocks) {
  Matrix<double> x = Matrix<double>::Constant(3, 3, -1);
  heed::Relu::forward(x.middleRows(1, 1));
  EXPECT_EQ(x.sum(), -6);
  heed::Tanh::forward(x.leftCols(1));
  heed::Sigmoid::forward(x.rightCols(1));
  EXPECT_DOUBLE_EQ(x(0, 0), std::tanh(-1.0));
  EXPECT_EQ(x(0, 1), -1);
  EXPECT_DOUBLE_EQ(x(1, 2), 0.5);
}

TEST(SoftmaxFunction, MatchesFormulaForEveryColumn) {
  Random random(57);
  Matrix<double> x = random_matrix(7, 3, random, 5);
  std::vector<oracle::Column> expected;
  for (Index i = 0; i < 3; ++i) expected.push_back(oracle::softmax(oracle::column(x, i)));
  heed::softmax(x);
  EXPECT_LE(difference(x, oracle::matrix(expected)), 1e-15);
  EXPECT_LE((x.colwise().sum().array() - 1).abs().maxCoeff(), 1e-15);
}

TEST(SoftmaxFunction, IsInvariantToShiftOfScores) {
  for (const double shift : {1e4, -1e4}) expect_softmax_is_safe<double>(shift);
  for (const float shift : {1e4f, -1e4f}) expect_softmax_is_safe<float>(shift);
  Matrix<double> x(3, 1), shifted(3, 1);
  x << 1, 2, 3;  // whole numbers shift without rounding
  shifted = x.array() + 1e4;
  heed::softmax(x);
  heed::softmax(shifted);
  EXPECT_EQ(shifted, x);
}

TEST(SoftmaxFunction, DoesNotOverflowForLargeScores) {
  Matrix<float> x(3, 2);
  x << 1e4f, -1e4f, -1e4f, -1e4f, 0, 3e38f;
  heed::softmax(x);
  Matrix<float> expected(3, 2);
  expected << 1, 0, 0, 0, 0, 1;
  EXPECT_EQ(x, expected);
}

TEST(SoftmaxFunction, BackwardMatchesCentralDifferences) {
  Random random(59);
  Matrix<double> x = random_matrix(6, 3, random, 2);
  const Matrix<double> d = random_matrix(6, 3, random);
  Matrix<double> y = x, d_x = d;
  heed::softmax(y);
  heed::softmax_backward(y, d_x);
  const auto loss = [&] {
    Matrix<double> z = x;
    heed::softmax(z);
    return z.cwiseProduct(d).sum();
  };
  heed::GradientCheck check;
  heed::check_gradient("x", x, d_x, loss, check);
  EXPECT_LE(check.error, 1e-9);
  EXPECT_LE(d_x.colwise().sum().cwiseAbs().maxCoeff(), 1e-15) << "the gradient of a shift is 0";
}

TEST(AddProduct, MatchesScalarLoop) {
  for (const Index rows : {1, 7, 64, 67, 131}) {
    for (const Index depth : {1, 65, 513, 1030}) {
      for (const Index cols : {1, 2, 66}) {
        EXPECT_LE(product_error<double>(rows, depth, cols), 1e-12) << rows << ' ' << depth << ' ' << cols;
      }
    }
  }
  EXPECT_LE(product_error<float>(67, 1030, 66), 1e-4);
  EXPECT_LE(product_error<long double>(67, 70, 3), 1e-17);
}

TEST(AddProduct, AddsNothingForEmptyFactor) {
  Matrix<double> out = Matrix<double>::Ones(3, 2);
  heed::add_product(Matrix<double>(3, 0), Matrix<double>(0, 2), out);
  EXPECT_EQ(out, (Matrix<double>::Ones(3, 2)));
  Matrix<double> none(3, 0);
  heed::add_product(Matrix<double>(3, 4), Matrix<double>(4, 0), none);
  EXPECT_EQ(none.size(), 0);
}

}  // namespace activations_test
