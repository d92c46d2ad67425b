#pragma once

#include <heed/core/parameters.hpp>
#include <heed/kernels/products.hpp>
#include <heed/layers/windows.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 {

/// Two-dimensional convolution with zero padding. As in other frameworks, it is a cross-correlation:
///
///     y(:, position) = W patch + b        patch: the pixels in the window at this position
///
/// Shapes: x channels x (places * images), y output x (positions * images), where `places` is the number of pixels and
/// `positions` the number of window positions per image. Both have the layout described at `Grid` (layers/windows.hpp).
/// Patches are copied block by block into `patches`, a buffer of the caller, so that a block stays in the cache.
/// `accumulate` copies them again, so they are not saved for backward. Throws heed::Error if a size does not fit.
template <class S>
struct Conv2d {
  using Scalar = S;

  Weight<S> W;           ///< output x (channels * window): the channels of a pixel are adjacent, pixels are
                         ///< row-major (PyTorch's nn.Conv2d.weight with its axes in the order 0, 2, 3, 1)
  ParameterVector<S> b;  ///< output, or empty: no bias
  Window window;         ///< height, width, stride and padding

  Conv2d() = default;
  /// Throws heed::Error if the window's height, width or stride is below 1, or if its padding is negative.
  Conv2d(Index channels, Index output, Window window_, bool bias = true)
      : W(output, channels * window_.places()), b(Vector<S>::Zero(bias ? output : 0)), window(window_) {
    window.positions({window.height, window.width});
  }

  /// The channels of the input x, and of the output y.
  Index input_size() const { return W.cols() / window.places(); }
  Index output_size() const { return W.rows(); }

  /// Overwrites y. Does not allocate once `patches` is large enough.
  void forward(const In<S>& x, Grid grid, Buffer<S>& patches, Out<S> y) const {
    check("Conv2d.forward", "x", x, grid, "y", y);
    for_each_block(y.cols(), [&](Index first, Index n) {
      auto block = y.middleCols(first, n);
      gather(x, grid, first, n, patches);
      if (b.size() > 0) {
        block.colwise() = b;
      } else {
        block.setZero();
      }
      add_product(W, patches, block);
    });
  }

  /// grad.W += the sum of d_y patch' over all positions,  grad.b += the sum of the columns of d_y. Allocates.
  void accumulate(const In<S>& x, Grid grid, const In<S>& d_y, Buffer<S>& patches, Conv2d& grad) const {
    check("Conv2d.accumulate", "x", x, grid, "d_y", d_y);
    detail::check_grad("Conv2d.accumulate", *this, grad);
    for_each_block(d_y.cols(), [&](Index first, Index n) {
      gather(x, grid, first, n, patches);
      add_outer_product(d_y.middleCols(first, n), patches, grad.W);  // was: W patch
    });
    if (b.size() > 0 && d_y.cols() > 0) grad.b += d_y.rowwise().sum();  // was: + b
  }

  /// d_x += dL/dx. Allocates. Not needed for the first layer, whose input is the image.
  void backward(Grid grid, const In<S>& d_y, Buffer<S>& patches, Out<S> d_x) const {
    check("Conv2d.backward", "d_x", d_x, grid, "d_y", d_y);
    for_each_block(d_y.cols(), [&](Index first, Index n) {
      patches.resize(W.cols(), n);
      patches.setZero();
      add_product_backward(W, d_y.middleCols(first, n), patches);  // was: W patch
      for_each_piece(d_x, grid, first, n, [&](Index i, Index row, Index column, Index size) {
        Eigen::Map<Vector<S>>(d_x.col(column).data(), size) +=
            Eigen::Map<const Vector<S>>(patches.col(i).data() + row, size);  // was: gather
      });
    });
  }

  static constexpr ParameterRole role(std::string_view name) {
    return name == "b" ? ParameterRole::bias : ParameterRole::weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
    visit("window", self.window...);
  }

 private:
  /// Elements in a block of patches: 64 KiB as float, a quarter of a small (256 KiB) L2 cache.
  static constexpr Index block_size = 16 * 1024;

  void check(const char* function, const char* x_name, const In<S>& x, Grid grid, const char* y_name,
             const In<S>& y) const {
    const Index positions = window.positions(grid).places();
    const Index images = detail::check_images(function, x_name, x, input_size(), grid);
    detail::check_size(function, y_name, y, output_size(), images * positions);
  }

  template <class Use>
  void for_each_block(Index cols, Use&& use) const {
    const Index width = std::max<Index>(block_size / std::max<Index>(W.cols(), 1), 16);
    for (Index first = 0; first < cols; first += width) use(first, std::min(width, cols - first));
  }

  /// Splits the patches at positions first ... first + n - 1 into contiguous pieces and calls use(i, row, column, size)
  /// for each: `size` elements that begin at the top of column `column` of x belong to patch i, from row `row`. A piece
  /// is one row of the window, without its padding. If the columns of x are not contiguous, a piece is one pixel.
  template <class X, class Use>
  void for_each_piece(const X& x, Grid grid, Index first, Index n, Use&& use) const {
    const Grid positions = window.positions(grid);
    const Index channels = x.rows();
    for (Index i = 0; i < n; ++i) {
      const Index image = (first + i) / positions.places(), position = (first + i) % positions.places();
      const Index top = position / positions.width * window.stride - window.padding;
      const Index left = position % positions.width * window.stride - window.padding;
      const Index from = std::max<Index>(left, 0), count = std::min(left + window.width, grid.width) - from;
      for (Index y = std::max<Index>(top, 0); y < std::min(top + window.height, grid.height) && count > 0; ++y) {
        const Index row = ((y - top) * window.width + from - left) * channels;
        const Index column = image * grid.places() + y * grid.width + from;
        if (x.outerStride() == channels) {
          use(i, row, column, count * channels);
        } else {
          for (Index k = 0; k < count; ++k) use(i, row + k * channels, column + k, channels);
        }
      }
    }
  }

  void gather(const In<S>& x, Grid grid, Index first, Index n, Buffer<S>& patches) const {
    patches.resize(W.cols(), n);
    if (window.padding > 0) patches.setZero();
    for_each_piece(x, grid, first, n, [&](Index i, Index row, Index column, Index size) {
      std::copy_n(x.col(column).data(), size, patches.col(i).data() + row);
    });
  }
};

}}  // namespace heed::v0_2
