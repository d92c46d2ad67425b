#include <heed/encoders/image_encoder.hpp>

#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace image_encoder_test {

using heed::Grid;
using heed::ImageEncoder;
using heed::Index;
using heed::Matrix;
using heed::MaxPool2d;
using heed::Window;

using Stage = heed::ImageStage<double>;
using Conv = heed::Conv2d<double>;
using Pool = MaxPool2d<double>;

constexpr Grid grid{6, 8};
constexpr Index images = 2;

struct Trial {
  heed::Random random{743};
  ImageEncoder<double> encoder{
      {Stage{Conv(3, 4, {.height = 3, .width = 3, .padding = 1}), Pool(Window{.height = 2, .width = 2, .stride = 2})},
       Stage{Conv(4, 5, {.height = 2, .width = 2}), Pool(Window{.height = 1, .width = 1})}}};
  Matrix<double> x, d_outputs;
  heed::ImageEncoderTape<double> tape;

  Trial() {
    randomize(encoder, random);
    x = random_matrix(3, images * grid.places(), random);
    d_outputs = random_matrix(5, images * 2 * 3, random);
  }
  double loss() {
    encoder.forward(x, grid, tape);
    return tape.outputs().cwiseProduct(d_outputs).sum();
  }
};

TEST(ImageEncoder, AppliesStagesInOrder) {
  Trial trial;
  trial.loss();
  EXPECT_EQ(trial.encoder.positions(grid), (Grid{2, 3}));
  heed::Buffer<double> patches;
  Matrix<double> convolved(4, images * 48), pooled(4, images * 12), expected(5, images * 6);
  trial.encoder.stages[0].conv.forward(trial.x, grid, patches, convolved);
  convolved = convolved.cwiseMax(0);  // ReLU before the pooling, as in the networks of the paper
  trial.encoder.stages[0].pool.forward(convolved, grid, pooled);
  trial.encoder.stages[1].conv.forward(pooled, {3, 4}, patches, expected);
  EXPECT_EQ(trial.tape.outputs(), expected.cwiseMax(0));
  EXPECT_GT(expected.maxCoeff(), 0);
  EXPECT_LT(expected.minCoeff(), 0);
}

TEST(ImageEncoder, GradientsMatchDifferencesAndAccumulate) {
  Trial trial;
  auto grad = heed::zeros_like(trial.encoder);
  const auto backward = [&](ImageEncoder<double>& into) {
    trial.loss();
    trial.tape.d_outputs().assign(trial.d_outputs);
    trial.encoder.backward(trial.x, trial.tape, into);
  };
  backward(grad);
  const auto check = heed::check_gradients(trial.encoder, grad, [&] { return trial.loss(); });
  EXPECT_LE(check.error, 1e-8) << check.name;
  EXPECT_EQ(check.checked, 4 * 27 + 4 + 5 * 16 + 5);

  auto twice = grad;
  backward(twice);
  heed::scale(grad, 2.0);
  EXPECT_LE(part_difference(twice, grad), 1e-14);
}

TEST(ImageEncoder, RejectsInvalidStagesAndImages) {
  EXPECT_EQ(refusal([] { ImageEncoder<double>(std::vector<Stage>{}); }),
            "ImageEncoder: stages must have at least 1 element, got 0");
  const Pool none(Window{.height = 1, .width = 1});
  EXPECT_EQ(refusal([&] {
              ImageEncoder<double>({Stage{Conv(3, 4, {.height = 1, .width = 1}), none},
                                    Stage{Conv(5, 4, {.height = 1, .width = 1}), none}});
            }),
            "ImageEncoder: stage 1 expects 5 channels, got 4 from stage 0");
  Trial trial;
  EXPECT_EQ(refusal([&] { trial.encoder.forward(trial.x.leftCols(95), grid, trial.tape); }),
            "ImageEncoder.forward: x must be 3 x 96 (whole images), got 3 x 95");
  EXPECT_EQ(refusal([&] { trial.encoder.forward(trial.d_outputs, grid, trial.tape); }),
            "ImageEncoder.forward: x must be 3 x 48 (whole images), got 5 x 12");
  EXPECT_EQ(refusal([&] {
              trial.encoder.forward(trial.x.leftCols(4), {2, 2}, trial.tape);
            }),
            "Window: 2 x 2 does not fit into a grid of 1 x 1 with padding 0");
}

}  // namespace image_encoder_test
