#include <heed/layers/pool2d.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

namespace pool2d_test {

using heed::AveragePool2d;
using heed::Grid;
using heed::Index;
using heed::Matrix;
using heed::MaxPool2d;
using heed::Window;

constexpr Index channels = 3, images = 2;
constexpr Grid grid{5, 7};

const std::vector<Window> windows{{2, 2, 2, 0}, {3, 2, 1, 0}, {2, 3, 3, 0}, {5, 7, 1, 0}, {1, 1, 2, 0}};

template <class Pool>
struct Trial {
  heed::Random random{727};
  Pool pool;
  Index positions;
  Matrix<double> x, d_y;

  explicit Trial(Window window) : pool(window), positions(window.positions(grid).places()) {
    x = random_matrix(channels, images * grid.places(), random);
    d_y = random_matrix(channels, images * positions, random);
  }
  Matrix<double> y() const {
    Matrix<double> result = Matrix<double>::Constant(channels, images * positions, 99);  // overwritten
    pool.forward(x, grid, result);
    return result;
  }
  void backward(Matrix<double>& d_x) const {
    if constexpr (std::is_same_v<Pool, MaxPool2d<double>>) {
      pool.backward(x, grid, y(), d_y, d_x);
    } else {
      pool.backward(grid, d_y, d_x);
    }
  }

  /// Scalar loops that call reduce for the pixels of every window.
  template <class Reduce>
  Matrix<oracle::Real> loops(const Reduce& reduce) const {
    const auto [height, width, stride, padding] = pool.window;
    const Index down = (grid.height - height) / stride + 1, right = (grid.width - width) / stride + 1;
    Matrix<oracle::Real> result(channels, images * down * right);
    for (Index c = 0; c < channels; ++c) {
      for (Index image = 0; image < images; ++image) {
        for (Index i = 0; i < down; ++i) {
          for (Index j = 0; j < right; ++j) {
            oracle::Column pixels;
            for (Index p = 0; p < height; ++p) {
              for (Index q = 0; q < width; ++q) {
                const Index position = (stride * i + p) * grid.width + stride * j + q;
                pixels.push_back(static_cast<oracle::Real>(x(c, image * grid.places() + position)));
              }
            }
            result(c, image * down * right + i * right + j) = reduce(pixels);
          }
        }
      }
    }
    return result;
  }

  void expect_gradients() {
    Matrix<double> d_x = Matrix<double>::Zero(channels, x.cols());
    backward(d_x);
    heed::GradientCheck check;
    heed::check_gradient(
        "x", x, d_x, [&] { return y().cwiseProduct(d_y).sum(); }, check);
    EXPECT_LE(check.error, 1e-9);
    EXPECT_EQ(check.checked, x.size());
    Matrix<double> twice = d_x;
    backward(twice);
    EXPECT_LE(difference(twice, 2 * d_x), 1e-15);
  }
};

TEST(MaxPool2d, MatchesScalarLoop) {
  for (const Window window : windows) {
    const Trial<MaxPool2d<double>> trial(window);
    EXPECT_EQ(difference(trial.y(), trial.loops([](const oracle::Column& pixels) {
                return *std::max_element(pixels.begin(), pixels.end());
              })),
              0);
  }
}

TEST(AveragePool2d, MatchesScalarLoop) {
  for (const Window window : windows) {
    const Trial<AveragePool2d<double>> trial(window);
    EXPECT_LE(difference(trial.y(), trial.loops([](const oracle::Column& pixels) {
                oracle::Real sum = 0;
                for (const oracle::Real pixel : pixels) sum += pixel;
                return sum / static_cast<oracle::Real>(pixels.size());
              })),
              1e-15);
  }
}

TEST(MaxPool2d, GradientsMatchDifferencesAndAccumulate) {
  for (const Window window : windows) Trial<MaxPool2d<double>>(window).expect_gradients();
}

TEST(AveragePool2d, GradientsMatchDifferencesAndAccumulate) {
  for (const Window window : windows) Trial<AveragePool2d<double>>(window).expect_gradients();
}

TEST(MaxPool2d, FirstMaximumGetsTheGradient) {
  const MaxPool2d<double> pool({.height = 2, .width = 2, .stride = 2});
  Matrix<double> x(1, 4), y(1, 1), d_x = Matrix<double>::Zero(1, 4);
  x << 1, 2, 2, 2;
  pool.forward(x, {2, 2}, y);
  pool.backward(x, {2, 2}, y, Matrix<double>::Constant(1, 1, 5), d_x);
  EXPECT_EQ(d_x, (Matrix<double>(1, 4) << 0, 5, 0, 0).finished());
}

TEST(MaxPool2d, PropagatesNaNAndItsGradient) {
  const MaxPool2d<float> pool({.height = 2, .width = 2, .stride = 2});
  for (Index place = 0; place < 4; ++place) {
    Matrix<float> x = Matrix<float>::Ones(9, 4), y(9, 1);
    x.col(place).setConstant(std::numeric_limits<float>::quiet_NaN());
    pool.forward(x, {2, 2}, y);
    EXPECT_TRUE(y.array().isNaN().all()) << place;
    Matrix<float> d_x = Matrix<float>::Zero(9, 4), expected = d_x;
    pool.backward(x, {2, 2}, y, Matrix<float>::Ones(9, 1), d_x);
    expected.col(place).setOnes();
    EXPECT_EQ(d_x, expected) << place;
  }
}

TEST(Pool2d, RejectsInvalidWindowsAndSizes) {
  EXPECT_EQ(refusal([] { MaxPool2d<float>({.height = 2, .width = 2, .stride = 2, .padding = 1}); }),
            "Pool2d: window.padding must be 0, got 1");
  EXPECT_EQ(refusal([] { AveragePool2d<float>({.height = 2, .width = 2, .stride = 0}); }),
            "Window: height, width and stride must be at least 1 and padding at least 0, got 2 x 2 with stride 0 and "
            "padding 0");
  const MaxPool2d<float> pool({.height = 2, .width = 2, .stride = 2});
  const auto run = [&](Index cols, Grid size, Index rows, Index maps) {
    const Matrix<float> x = Matrix<float>::Zero(3, cols);
    Matrix<float> y(rows, maps);
    return refusal([&] { pool.forward(x, size, y); });
  };
  EXPECT_EQ(run(24, {4, 3}, 3, 4), "accepted");
  EXPECT_EQ(run(24, {4, 3}, 3, 2), "MaxPool2d.forward: y must be 3 x 4, got 3 x 2");
  EXPECT_EQ(run(24, {4, 3}, 2, 4), "MaxPool2d.forward: y must be 3 x 4, got 2 x 4");
  EXPECT_EQ(run(25, {4, 3}, 3, 4), "MaxPool2d.forward: x must be 3 x 36 (whole images), got 3 x 25");
  EXPECT_EQ(run(6, {1, 6}, 3, 1), "Window: 2 x 2 does not fit into a grid of 1 x 6 with padding 0");
}

}  // namespace pool2d_test
