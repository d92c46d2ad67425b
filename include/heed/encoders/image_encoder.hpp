#pragma once

#include <heed/layers/activations.hpp>
#include <heed/layers/conv2d.hpp>
#include <heed/layers/pool2d.hpp>

#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// One stage of an `ImageEncoder`: relu(pool(conv(x))). The result is the same as pool(relu(conv(x))), but the ReLU is
/// applied to fewer elements.
template <class S>
struct ImageStage {
  Conv2d<S> conv;     ///< holds the parameters of the stage
  MaxPool2d<S> pool;  ///< applied to the output of `conv`

  /// The grid of the outputs for inputs of size `grid`. Throws heed::Error if the inputs are too small.
  Grid positions(Grid grid) const { return pool.window.positions(conv.window.positions(grid)); }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("conv", self.conv...);
    visit("pool", self.pool...);
  }
};

/// The results and temporary buffers of an `ImageEncoder`. Use one per thread. The buffers only grow.
template <class S>
struct ImageEncoderTape {
  /// The results and buffers of one stage.
  struct Stage {
    Grid grid, convolved_grid;  ///< the grids of the stage input and of the convolution output
    Buffer<S> convolved;        ///< output channels x (positions of the convolution * images)
    Buffer<S> outputs;          ///< output channels x (positions of the pooling * images)
    Buffer<S> d_convolved, d_outputs;
  };
  std::vector<Stage> stages;  ///< in the order of `ImageEncoder::stages`
  Buffer<S> patches;          ///< temporary buffer of the convolutions

  /// The outputs of the last stage, and their gradient. Throws heed::Error before the first `forward`.
  const Buffer<S>& outputs() const {
    check();
    return stages.back().outputs;
  }
  Buffer<S>& d_outputs() {
    check();
    return stages.back().d_outputs;
  }

 private:
  void check() const {
    require(!stages.empty(), "ImageEncoderTape: there are no outputs before ImageEncoder::forward");
  }
};

/// A convolutional network that encodes images, as a sequence of stages:
///
///     x (channels x (pixels * images)) -> conv -> max pool -> relu -> ... -> outputs (channels x (positions * images))
///
/// `make_memory` (attention/annotations.hpp) builds a memory from the outputs.
/// Throws heed::Error if a size does not fit.
template <class S>
struct ImageEncoder {
  using Scalar = S;

  std::vector<ImageStage<S>> stages;  ///< the first stage takes the images

  ImageEncoder() = default;
  /// Throws heed::Error if there are no stages, or if the input channels of a stage differ from the output channels of
  /// the stage before it.
  explicit ImageEncoder(std::vector<ImageStage<S>> stages_) : stages(std::move(stages_)) {
    require(!stages.empty(), "ImageEncoder: stages must have at least 1 element, got 0");
    for (std::size_t l = 1; l < stages.size(); ++l) {
      const Index made = stages[l - 1].conv.output_size(), taken = stages[l].conv.input_size();
      require(made == taken, [&] {
        return "ImageEncoder: stage " + std::to_string(l) + " expects " + std::to_string(taken) + " channels, got " +
               std::to_string(made) + " from stage " + std::to_string(l - 1);
      });
    }
  }

  /// Channels of the images, and of the outputs.
  Index input_size() const {
    check();
    return stages.front().conv.input_size();
  }
  Index output_size() const {
    check();
    return stages.back().conv.output_size();
  }

  /// The grid of the outputs for images of size `grid`. Throws heed::Error if the images are too small.
  Grid positions(Grid grid) const {
    check();
    for (const auto& stage : stages) grid = stage.positions(grid);
    return grid;
  }

  /// Overwrites tape.outputs(). Does not allocate once the tape has grown.
  void forward(const In<S>& x, Grid grid, ImageEncoderTape<S>& tape) const {
    positions(grid);
    const Index images = detail::check_images("ImageEncoder.forward", "x", x, input_size(), grid);
    tape.stages.resize(stages.size());
    for (std::size_t l = 0; l < stages.size(); ++l) {
      const auto& [conv, pool] = stages[l];
      auto& stage = tape.stages[l];
      stage.grid = grid;
      stage.convolved_grid = conv.window.positions(grid);
      grid = pool.window.positions(stage.convolved_grid);
      stage.convolved.resize(conv.output_size(), images * stage.convolved_grid.places());
      stage.outputs.resize(conv.output_size(), images * grid.places());
      conv.forward(input(x, l, tape), stage.grid, tape.patches, stage.convolved);
      pool.forward(stage.convolved, stage.convolved_grid, stage.outputs);
      Relu::forward(stage.outputs);
    }
  }

  /// Backward of `forward`. The caller must resize tape.d_outputs() to the size of tape.outputs() and fill it with
  /// dL/d(outputs); it is overwritten. Adds to grad. Pass the same x as to forward. The gradient of the images is not
  /// computed. Allocates.
  void backward(const In<S>& x, ImageEncoderTape<S>& tape, ImageEncoder& grad) const {
    const char* const name = "ImageEncoder.backward";
    check();
    detail::check_count(name, "tape.stages", tape.stages.size(), stages.size());
    check_tape(name, x, tape);
    detail::check_like(name, "tape.d_outputs()", tape.d_outputs(), tape.outputs());
    detail::check_grad(name, *this, grad);
    for (std::size_t l = stages.size(); l-- > 0;) {
      const auto& [conv, pool] = stages[l];
      auto& stage = tape.stages[l];
      zero(stage.convolved, stage.d_convolved);
      Relu::backward(stage.outputs, stage.d_outputs);  // was: relu
      pool.backward(stage.convolved, stage.convolved_grid, stage.outputs, stage.d_outputs,
                    stage.d_convolved);  // was: pool; where relu made a maximum 0, its gradient is 0 now
      conv.accumulate(input(x, l, tape), stage.grid, stage.d_convolved, tape.patches,
                      grad.stages[l].conv);  // was: conv
      if (l == 0) return;
      zero(tape.stages[l - 1].outputs, tape.stages[l - 1].d_outputs);
      conv.backward(stage.grid, stage.d_convolved, tape.patches, tape.stages[l - 1].d_outputs);  // was: conv
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("stages", self.stages...);
  }

 private:
  void check() const {
    require(!stages.empty(), "ImageEncoder: there are no stages; construct it with stages, or assign an encoder to it");
  }

  /// Throws unless the tape comes from a forward of an x of this size.
  void check_tape(const char* function, const In<S>& x, const ImageEncoderTape<S>& tape) const {
    Grid grid = tape.stages.front().grid;
    positions(grid);
    const Index images = detail::check_images(function, "x", x, input_size(), grid);
    for (std::size_t l = 0; l < stages.size(); ++l) {
      const auto& stage = tape.stages[l];
      const Index channels = stages[l].conv.output_size();
      const Grid convolved = stages[l].conv.window.positions(grid);
      grid = stages[l].pool.window.positions(convolved);
      require(stage.convolved_grid == convolved,
              [&] { return std::string(function) + ": the tape must come from forward of this encoder"; });
      detail::check_size(function, "tape.convolved", stage.convolved, channels, images * convolved.places());
      detail::check_size(function, "tape.outputs", stage.outputs, channels, images * grid.places());
    }
  }

  static In<S> input(const In<S>& x, std::size_t l, const ImageEncoderTape<S>& tape) {
    if (l == 0) return x;
    return tape.stages[l - 1].outputs;
  }

  static void zero(const Buffer<S>& like, Buffer<S>& d) {
    d.resize(like.rows(), like.cols());
    d.setZero();
  }
};

}}  // namespace heed::v0_2
