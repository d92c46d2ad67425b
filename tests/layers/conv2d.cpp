#include <heed/layers/conv2d.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/prepacked.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace conv2d_test {

using heed::Conv2d;
using heed::Grid;
using heed::Index;
using heed::Matrix;
using heed::Window;

constexpr Index channels = 2, output = 3, images = 2;
constexpr Grid grid{5, 4};

const std::vector<Window> windows{{3, 3, 1, 1}, {3, 2, 1, 0}, {2, 3, 2, 1}, {1, 1, 1, 0}, {5, 4, 3, 0}, {3, 3, 4, 3}};

struct Trial {
  heed::Random random{701};
  Conv2d<double> conv;
  Index positions;
  Matrix<double> x, d_y;
  heed::Buffer<double> patches;

  explicit Trial(Window window, bool bias = true)
      : conv(channels, output, window, bias), positions(window.positions(grid).places()) {
    randomize(conv, random);
    x = random_matrix(channels, images * grid.places(), random);
    d_y = random_matrix(output, images * positions, random);
  }
  Matrix<double> y() {
    Matrix<double> result = Matrix<double>::Constant(output, images * positions, 99);  // overwritten
    conv.forward(x, grid, patches, result);
    return result;
  }
};

/// y(o, i, j) = b(o) + the sum over c, p, q of w(o, c, p, q) x(c, stride i + p - padding, stride j + q - padding).
Matrix<oracle::Real> loops(const Conv2d<double>& conv, const Matrix<double>& x) {
  const auto [height, width, stride, padding] = conv.window;
  const Index down = (grid.height + 2 * padding - height) / stride + 1;
  const Index right = (grid.width + 2 * padding - width) / stride + 1;
  Matrix<oracle::Real> y(output, images * down * right);
  for (Index image = 0; image < images; ++image) {
    for (Index i = 0; i < down; ++i) {
      for (Index j = 0; j < right; ++j) {
        for (Index o = 0; o < output; ++o) {
          oracle::Real sum = conv.b.size() > 0 ? static_cast<oracle::Real>(conv.b(o)) : 0;
          for (Index c = 0; c < channels; ++c) {
            for (Index p = 0; p < height; ++p) {
              for (Index q = 0; q < width; ++q) {
                const Index row = stride * i + p - padding, column = stride * j + q - padding;
                if (row < 0 || row >= grid.height || column < 0 || column >= grid.width) continue;
                sum += static_cast<oracle::Real>(conv.W(o, (p * width + q) * channels + c)) *
                       static_cast<oracle::Real>(x(c, image * grid.places() + row * grid.width + column));
              }
            }
          }
          y(o, image * down * right + i * right + j) = sum;
        }
      }
    }
  }
  return y;
}

TEST(Conv2d, MatchesScalarLoop) {
  for (const Window window : windows) {
    for (const bool bias : {true, false}) {
      Trial trial(window, bias);
      EXPECT_LE(difference(trial.y(), loops(trial.conv, trial.x)), 1e-14) << window.height << ' ' << window.width;
    }
  }
}

TEST(Conv2d, GradientsMatchDifferencesAndAccumulate) {
  for (const Window window : windows) {
    for (const bool bias : {true, false}) {
      Trial trial(window, bias);
      auto grad = heed::zeros_like(trial.conv);
      Matrix<double> d_x = Matrix<double>::Zero(channels, trial.x.cols());
      trial.conv.accumulate(trial.x, grid, trial.d_y, trial.patches, grad);
      trial.conv.backward(grid, trial.d_y, trial.patches, d_x);
      const auto loss = [&] { return trial.y().cwiseProduct(trial.d_y).sum(); };
      auto check = heed::check_gradients(trial.conv, grad, loss);
      heed::check_gradient("x", trial.x, d_x, loss, check);
      EXPECT_LE(check.error, 1e-9) << check.name;
      EXPECT_EQ(check.checked, output * channels * window.places() + (bias ? output : 0) + trial.x.size());

      auto twice = grad;
      Matrix<double> d_twice = d_x;
      trial.conv.accumulate(trial.x, grid, trial.d_y, trial.patches, twice);
      trial.conv.backward(grid, trial.d_y, trial.patches, d_twice);
      heed::scale(grad, 2.0);
      EXPECT_LE(part_difference(twice, grad), 1e-14);
      EXPECT_LE(difference(d_twice, 2 * d_x), 1e-14);
    }
  }
}

TEST(Conv2d, WindowOfOneMatchesLinearLayer) {
  Trial trial({1, 1, 1, 0});
  EXPECT_LE(difference(trial.y(), (trial.conv.W.values() * trial.x).colwise() + trial.conv.b), 1e-15);
}

TEST(Conv2d, IsEquivariantToTranslation) {
  heed::Random random(709);
  Conv2d<double> conv(channels, output, {.height = 3, .width = 3, .padding = 1});
  randomize(conv, random);
  const Grid wide{6, 8};
  Matrix<double> x = Matrix<double>::Zero(channels, wide.places()), moved = x, y(output, wide.places()), y_moved = y;
  for (const Index row : {2, 3}) {
    for (const Index column : {2, 3}) {
      x.col(row * 8 + column) = random_matrix(channels, 1, random);
      moved.col((row + 1) * 8 + column + 2) = x.col(row * 8 + column);
    }
  }
  heed::Buffer<double> patches;
  conv.forward(x, wide, patches, y);
  conv.forward(moved, wide, patches, y_moved);
  for (Index row = 1; row < 5; ++row) {
    EXPECT_EQ(y_moved.middleCols((row + 1) * 8 + 3, 4), y.middleCols(row * 8 + 1, 4)) << row;
  }
}

TEST(Conv2d, ResultsAreBitwiseEqualInAnyBatch) {  // the batch is divided into blocks at other columns
  heed::Random random(719);
  Conv2d<float> conv(5, 7, {.height = 3, .width = 3, .padding = 1});
  randomize(conv, random);
  const Grid square{17, 13};
  const Matrix<float> x = random_matrix<float>(5, 9 * square.places(), random);
  Matrix<float> y(7, x.cols()), alone(7, square.places());
  heed::Buffer<float> patches;
  conv.forward(x, square, patches, y);
  for (Index i = 0; i < 9; ++i) {
    conv.forward(x.middleCols(i * square.places(), square.places()), square, patches, alone);
    EXPECT_EQ(alone, y.middleCols(i * square.places(), square.places())) << i;
  }
}

TEST(Conv2d, SupportsBlocksOfRows) {
  for (const Window window : windows) {
    Trial trial(window);
    Matrix<double> high = Matrix<double>::Constant(channels + 3, trial.x.cols(), 99);
    high.middleRows(1, channels) = trial.x;
    Matrix<double> y(output, trial.d_y.cols()), d_x = Matrix<double>::Zero(channels, trial.x.cols()), d_high = high;
    trial.conv.forward(high.middleRows(1, channels), grid, trial.patches, y);
    EXPECT_EQ(y, trial.y());
    trial.conv.backward(grid, trial.d_y, trial.patches, d_x);
    trial.conv.backward(grid, trial.d_y, trial.patches, d_high.middleRows(1, channels));
    EXPECT_LE(difference(d_high.middleRows(1, channels), trial.x + d_x), 1e-14);
    EXPECT_EQ(d_high.topRows(1), high.topRows(1));
    EXPECT_EQ(d_high.bottomRows(2), high.bottomRows(2));
  }
}

TEST(Conv2d, PackedMatchesUnpacked) {
  Trial trial({3, 3, 1, 1});
  const auto packed = prepacked(trial.conv);
  Matrix<double> y(output, trial.d_y.cols()), d_x = Matrix<double>::Zero(channels, trial.x.cols()), d_packed = d_x;
  packed.forward(trial.x, grid, trial.patches, y);
  EXPECT_LE(difference(y, trial.y()), 1e-14);
  trial.conv.backward(grid, trial.d_y, trial.patches, d_x);
  packed.backward(grid, trial.d_y, trial.patches, d_packed);
  EXPECT_LE(difference(d_packed, d_x), 1e-14);
}

TEST(Conv2d, RejectsInvalidWindowsAndSizes) {
  EXPECT_EQ(refusal([] { Conv2d<float>(2, 3, {.height = 3, .width = 0}); }),
            "Window: height, width and stride must be at least 1 and padding at least 0, got 3 x 0 with stride 1 and "
            "padding 0");
  const Conv2d<float> conv(2, 3, {.height = 3, .width = 3});
  heed::Buffer<float> patches;
  const auto run = [&](Index rows, Index cols, Grid size, Index maps) {
    Matrix<float> x = Matrix<float>::Zero(rows, cols), y(3, maps);
    return refusal([&] { conv.forward(x, size, patches, y); });
  };
  EXPECT_EQ(run(2, 24, {4, 3}, 4), "accepted");
  EXPECT_EQ(run(3, 24, {4, 3}, 4), "Conv2d.forward: x must be 2 x 24 (whole images), got 3 x 24");
  EXPECT_EQ(run(2, 25, {4, 3}, 4), "Conv2d.forward: x must be 2 x 36 (whole images), got 2 x 25");
  EXPECT_EQ(run(2, 24, {4, 3}, 6), "Conv2d.forward: y must be 3 x 4, got 3 x 6");
  EXPECT_EQ(run(2, 24, {2, 12}, 4), "Window: 3 x 3 does not fit into a grid of 2 x 12 with padding 0");
}

}  // namespace conv2d_test
