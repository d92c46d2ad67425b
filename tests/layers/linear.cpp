#include <heed/layers/linear.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"

#include <gtest/gtest.h>

namespace linear_test {

using heed::Index;
using heed::Linear;
using heed::Matrix;

struct Trial {
  heed::Random random{101};
  Linear<double> linear;
  Matrix<double> x, d_y;
  explicit Trial(bool bias = true) : linear(3, 4, bias) {
    randomize(linear, random);
    x = random_matrix(3, 5, random);
    d_y = random_matrix(4, 5, random);
  }
  Matrix<double> y() const {
    Matrix<double> result = Matrix<double>::Constant(4, 5, 99);  // overwritten
    linear.forward(x, result);
    return result;
  }
};

TEST(Linear, MatchesFormula) {
  for (const bool bias : {true, false}) {
    const Trial trial(bias);
    std::vector<oracle::Column> expected(5);
    for (Index j = 0; j < 5; ++j) {
      for (Index i = 0; i < 4; ++i) {
        const auto x = oracle::column(trial.x, j);
        expected[oracle::at(j)].push_back(oracle::affine(trial.linear.W, 0, x, trial.linear.b, i));
      }
    }
    EXPECT_LE(difference(trial.y(), oracle::matrix(expected)), 1e-15);
    EXPECT_EQ(heed::parameter_count(trial.linear), bias ? 16 : 12);
  }
}

TEST(Linear, GradientsMatchDifferencesAndAccumulate) {
  for (const bool bias : {true, false}) {
    Trial trial(bias);
    auto grad = heed::zeros_like(trial.linear);
    Matrix<double> d_x = Matrix<double>::Zero(3, 5);
    trial.linear.accumulate(trial.x, trial.d_y, grad);
    trial.linear.backward(trial.d_y, d_x);
    const auto loss = [&] { return trial.y().cwiseProduct(trial.d_y).sum(); };
    auto check = heed::check_gradients(trial.linear, grad, loss);
    heed::check_gradient("x", trial.x, d_x, loss, check);
    EXPECT_LE(check.error, 1e-9) << check.name;
    EXPECT_EQ(check.checked, (bias ? 16 : 12) + 15);

    auto twice = grad;
    Matrix<double> d_twice = d_x;
    trial.linear.accumulate(trial.x, trial.d_y, twice);
    trial.linear.backward(trial.d_y, d_twice);
    heed::scale(grad, 2.0);
    EXPECT_LE(part_difference(twice, grad), 1e-15);
    EXPECT_LE(difference(d_twice, 2 * d_x), 1e-15);
  }
}

TEST(Linear, FixedSizesMatchDynamicSizes) {
  const Trial trial;
  Linear<double, 3, 4> fixed;
  EXPECT_EQ(fixed.input_size(), 3);
  EXPECT_EQ(fixed.output_size(), 4);
  copy_parameters(trial.linear, fixed);
  Matrix<double> y(4, 5);
  fixed.forward(trial.x, y);
  EXPECT_LE(difference(y, trial.y()), 1e-15);
  auto grad = heed::zeros_like(fixed);
  auto expected = heed::zeros_like(trial.linear);
  fixed.accumulate(trial.x, trial.d_y, grad);
  trial.linear.accumulate(trial.x, trial.d_y, expected);
  EXPECT_LE(part_difference(grad, expected), 1e-15);
}

}  // namespace linear_test
