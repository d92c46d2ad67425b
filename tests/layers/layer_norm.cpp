#include <heed/layers/layer_norm.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace layer_norm_test {

using heed::Index;
using heed::LayerNorm;
using heed::Matrix;

/// Equations 3 and 4 of Ba, Kiros & Hinton 2016, as scalar loops.
template <class Norm>
Matrix<long double> expected_of(const Norm& norm, const Matrix<double>& x) {
  Matrix<long double> y(x.rows(), x.cols());
  const auto size = static_cast<long double>(x.rows());
  for (Index j = 0; j < x.cols(); ++j) {
    long double mean = 0, variance = 0;
    for (Index i = 0; i < x.rows(); ++i) mean += static_cast<long double>(x(i, j)) / size;
    for (Index i = 0; i < x.rows(); ++i) variance += (x(i, j) - mean) * (x(i, j) - mean) / size;
    for (Index i = 0; i < x.rows(); ++i) {
      const long double bias = norm.b.size() > 0 ? static_cast<long double>(norm.b(i)) : 0;
      y(i, j) = norm.gain(i) * ((x(i, j) - mean) / std::sqrt(variance + 1e-5L)) + bias;
    }
  }
  return y;
}

struct Trial {
  heed::Random random{307};
  LayerNorm<double> norm;
  Matrix<double> x, d_y, saved;
  Trial(Index size, bool bias, double reach = 1) : norm(size, bias) {
    randomize(norm, random);
    x = random_matrix(size, 5, random, reach);
    d_y = random_matrix(size, 5, random);
  }
  Matrix<double> y() {
    Matrix<double> result = Matrix<double>::Constant(x.rows(), x.cols(), 99);  // overwritten
    saved = Matrix<double>::Constant(norm.saved_size(), x.cols(), 99);
    norm.forward(x, result, saved);
    return result;
  }
};

TEST(LayerNorm, MatchesEquations3And4) {
  for (const Index size : {1, 2, 7, 8, 33}) {
    for (const bool bias : {true, false}) {
      for (const double reach : {1e-3, 1.0, 1e4}) {  // epsilon dominates, matters slightly, is negligible
        Trial trial(size, bias, reach);
        trial.x.array() += 0.3;
        EXPECT_LE(difference(trial.y(), expected_of(trial.norm, trial.x)), 1e-12) << size << ' ' << reach;
      }
    }
  }
}

TEST(LayerNorm, NormalisesMeanAndVarianceByDefault) {
  heed::Random random(311);
  const LayerNorm<double> norm(64);
  const Matrix<double> x = random_matrix(64, 3, random, 100);
  Matrix<double> y(64, 3), saved(65, 3);
  norm.forward(x, y, saved);
  for (Index i = 0; i < 3; ++i) {
    EXPECT_LE(std::abs(y.col(i).mean()), 1e-14);
    EXPECT_NEAR(y.col(i).squaredNorm() / 64, 1, 1e-6);
  }
  EXPECT_EQ(heed::parameter_count(norm), 128);
  EXPECT_EQ(heed::parameter_count(LayerNorm<double>(64, false)), 64);
}

TEST(LayerNorm, GradientsMatchDifferencesAndAccumulate) {
  for (const bool bias : {true, false}) {
    Trial trial(7, bias);
    trial.y();
    auto grad = heed::zeros_like(trial.norm);
    Matrix<double> d_x = Matrix<double>::Zero(7, 5);
    trial.norm.backward(trial.saved, trial.d_y, d_x);
    trial.norm.accumulate(trial.saved, trial.d_y, grad);
    auto twice = grad;
    Matrix<double> d_twice = d_x;
    trial.norm.backward(trial.saved, trial.d_y, d_twice);
    trial.norm.accumulate(trial.saved, trial.d_y, twice);

    const auto loss = [&] { return trial.y().cwiseProduct(trial.d_y).sum(); };
    auto check = heed::check_gradients(trial.norm, grad, loss);
    heed::check_gradient("x", trial.x, d_x, loss, check);
    EXPECT_LE(check.error, 1e-8) << check.name;
    EXPECT_EQ(check.checked, (bias ? 14 : 7) + 35);

    heed::scale(grad, 2.0);
    EXPECT_LE(part_difference(twice, grad), 1e-15);
    EXPECT_LE(difference(d_twice, 2 * d_x), 1e-15);
  }
}

TEST(LayerNorm, SupportsInPlaceForward) {
  Trial trial(7, true);
  const Matrix<double> expected = trial.y();
  trial.norm.forward(trial.x, trial.x, trial.saved);
  EXPECT_EQ(trial.x, expected);
}

TEST(LayerNorm, ResultsAreBitwiseEqualInAnyBatch) {
  heed::Random random(313);
  for (const Index size : {5, 13, 64}) {
    LayerNorm<float> norm(size);
    randomize(norm, random);
    const Matrix<float> x = random_matrix<float>(size, 6, random);
    Matrix<float> y(size, 6), saved(size + 1, 6), alone(size, 1);
    norm.forward(x, y, saved);
    for (Index i = 0; i < 6; ++i) {
      norm.forward(x.col(i), alone, saved.leftCols(1));
      EXPECT_EQ(alone, y.col(i));
    }
  }
}

TEST(LayerNorm, FixedSizesMatchDynamicSizes) {
  Trial trial(7, true);
  LayerNorm<double, 7> fixed;
  copy_parameters(trial.norm, fixed);
  Matrix<double> y(7, 5), d_x = Matrix<double>::Zero(7, 5), expected = d_x;
  Matrix<double> saved(8, 5);
  fixed.forward(trial.x, y, saved);
  EXPECT_LE(difference(y, trial.y()), 1e-15);
  fixed.backward(trial.saved, trial.d_y, d_x);
  trial.norm.backward(trial.saved, trial.d_y, expected);
  EXPECT_LE(difference(d_x, expected), 1e-15);
  auto grad = heed::zeros_like(fixed);
  auto expected_grad = heed::zeros_like(trial.norm);
  fixed.accumulate(trial.saved, trial.d_y, grad);
  trial.norm.accumulate(trial.saved, trial.d_y, expected_grad);
  EXPECT_LE(part_difference(grad, expected_grad), 1e-15);
}

TEST(LayerNorm, RejectsColumnsOfWrongSize) {
  const LayerNorm<float> norm(4);
  const Matrix<float> x = Matrix<float>::Zero(5, 2);
  Matrix<float> y(5, 2), saved(6, 2);
  EXPECT_EQ(refusal([&] { norm.forward(x, y, saved); }), "LayerNorm.forward: x must be 4 x 2, got 5 x 2");
}

}  // namespace layer_norm_test
