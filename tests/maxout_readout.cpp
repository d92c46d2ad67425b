#include <heed/gradient_check.hpp>
#include <heed/maxout_readout.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"

#include <gtest/gtest.h>

#include <algorithm>

using heed::Index;
using heed::Matrix;
using heed::MaxoutReadout;

namespace {

struct Trial {
  heed::Random random{137};
  MaxoutReadout<double> readout{3, 4, 2, 5};
  Matrix<double> s, c, x, d_features, features = Matrix<double>(5, 6);
  heed::Buffer<double> kept;
  Trial() {
    randomize(readout, random);
    s = random_matrix(3, 6, random);
    c = random_matrix(4, 6, random);
    x = random_matrix(2, 6, random);
    d_features = random_matrix(5, 6, random);
    loss();
  }
  double loss() {
    readout.forward(s, c, x, features, kept);
    return features.cwiseProduct(d_features).sum();
  }
};

}  // namespace

TEST(MaxoutReadout, TakesTheLargerOfEveryTwo) {
  const Trial trial;
  EXPECT_EQ(trial.readout.output_size(), 5);
  Matrix<double> all(9, 6);
  all << trial.s, trial.c, trial.x;
  std::vector<oracle::Column> expected(6);
  for (Index j = 0; j < 6; ++j) {
    for (Index k = 0; k < 5; ++k) {
      const auto row = [&](Index i) {
        return oracle::affine(trial.readout.W, 0, oracle::column(all, j), trial.readout.b, i);
      };
      expected[oracle::at(j)].push_back(std::max(row(2 * k), row(2 * k + 1)));
    }
  }
  EXPECT_LE(difference(trial.features, oracle::matrix(expected)), 1e-15);
}

TEST(MaxoutReadout, GradientsAgreeWithCentralDifferencesAndAreAddedTo) {
  Trial trial;
  auto grad = heed::zeros_like(trial.readout);
  Matrix<double> d_s = Matrix<double>::Zero(3, 6), d_c = Matrix<double>::Zero(4, 6), d_x = Matrix<double>::Zero(2, 6);
  const auto backward = [&](MaxoutReadout<double>& into) {
    trial.loss();  // backward overwrites what forward kept
    Matrix<double> d = trial.d_features;
    trial.readout.backward(trial.s, trial.c, trial.x, trial.features, trial.kept, d, into, d_s, d_c, d_x);
  };
  backward(grad);
  const auto loss = [&] { return trial.loss(); };
  auto check = heed::check_gradients(trial.readout, grad, loss);
  heed::check_gradient("s", trial.s, d_s, loss, check);
  heed::check_gradient("c", trial.c, d_c, loss, check);
  heed::check_gradient("x", trial.x, d_x, loss, check);
  EXPECT_LE(check.error, 1e-6) << check.name;
  EXPECT_EQ(check.checked, 10 * 10 + 9 * 6);

  trial.loss();
  auto twice = grad;
  const Matrix<double> once_s = d_s, once_c = d_c, once_x = d_x;
  backward(twice);
  heed::scale(grad, 2.0);
  EXPECT_LE(part_difference(twice, grad), 1e-14);
  EXPECT_LE(difference(d_s, 2 * once_s), 1e-14);
  EXPECT_LE(difference(d_c, 2 * once_c), 1e-14);
  EXPECT_LE(difference(d_x, 2 * once_x), 1e-14);
}
