#pragma once

#include <heed/kernels/packets.hpp>
#include <heed/layers/windows.hpp>

#include <string>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Base of the pooling layers: a window moves over the feature maps, and each channel is pooled separately. There are
/// no learned parameters. Padding is not supported: a padded pixel must count neither for a maximum nor for a mean.
struct Pool2d {
  Window window;

  Pool2d() = default;
  /// Throws heed::Error if the window's height, width or stride is below 1, or if it has padding.
  explicit Pool2d(Window window_) : window(window_) {
    window.positions({window.height, window.width});
    check_padding();
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("window", self.window...);
  }

 protected:
  /// Throws unless x holds whole feature maps of the grid, and y the pooled maps with the same channels.
  template <class X, class Y>
  void check(const char* function, const char* x_name, const X& x, Grid grid, const char* y_name, const Y& y) const {
    check_padding();  // `window` is public and may have been assigned
    const Index positions = window.positions(grid).places();
    const Index images = check_images(function, x_name, x, x.rows(), grid);
    check_size(function, y_name, y, x.rows(), images * positions);
  }

  /// Calls use(i, column) for every column i of y. column(k) is the column of x with pixel k of the window, in
  /// row-major order.
  template <class Y, class Use>
  void for_each_window(Grid grid, const Y& y, Use&& use) const {
    const Grid positions = window.positions(grid);
    for (Index i = 0; i < y.cols(); ++i) {
      const Index image = i / positions.places(), position = i % positions.places();
      const Index top = position / positions.width * window.stride, left = position % positions.width * window.stride;
      const Index first = image * grid.places() + top * grid.width + left;
      use(i, [&, first](Index k) { return first + k / window.width * grid.width + k % window.width; });
    }
  }

 private:
  void check_padding() const {
    require(window.padding == 0,
            [&] { return "Pool2d: window.padding must be 0, got " + std::to_string(window.padding); });
  }
};

}  // namespace detail

/// Max pooling: the maximum over the window, for each channel. NaN counts as the largest value. Throws heed::Error if a
/// size does not fit.
template <class S>
struct MaxPool2d : detail::Pool2d {
  using Scalar = S;
  using Pool2d::Pool2d;

  /// Overwrites y (channels x (positions * images)) from x (channels x (places * images)). Does not allocate.
  void forward(const In<S>& x, Grid grid, Out<S> y) const {
    check("MaxPool2d.forward", "x", x, grid, "y", y);
    for_each_window(grid, y, [&](Index i, const auto& column) {
      y.col(i) = x.col(column(0));
      S* const to = y.col(i).data();
      for (Index k = 1; k < window.places(); ++k) {
        const S* const from = x.col(column(k)).data();
        detail::transform_arrays<S>(
            y.rows(), [](auto& largest, const auto& next) { largest = max_or_nan(largest, next); }, to, from);
      }
    });
  }

  /// d_x += dL/dx. If several pixels have the maximum, or are NaN, the first one gets the whole gradient. Pass the same
  /// x as to `forward`, and the y that it computed.
  void backward(const In<S>& x, Grid grid, const In<S>& y, const In<S>& d_y, Out<S> d_x) const {
    check("MaxPool2d.backward", "x", x, grid, "y", y);
    detail::check_like("MaxPool2d.backward", "d_y", d_y, y);
    detail::check_like("MaxPool2d.backward", "d_x", d_x, x);
    for_each_window(grid, y, [&](Index i, const auto& column) {
      for (Index c = 0; c < y.rows(); ++c) {
        const S largest = y(c, i);
        const bool nan = largest != largest;
        Index k = 0;
        for (; k + 1 < window.places(); ++k) {
          const S value = x(c, column(k));
          if (nan ? value != value : !(value < largest)) break;
        }
        d_x(c, column(k)) += d_y(c, i);
      }
    });
  }
};

/// Average pooling: the mean over the window, for each channel. With a window of the grid's size it is global average
/// pooling, one vector per image. Throws heed::Error if a size does not fit.
template <class S>
struct AveragePool2d : detail::Pool2d {
  using Scalar = S;
  using Pool2d::Pool2d;

  /// Overwrites y (channels x (positions * images)) from x (channels x (places * images)). Does not allocate.
  void forward(const In<S>& x, Grid grid, Out<S> y) const {
    check("AveragePool2d.forward", "x", x, grid, "y", y);
    for_each_window(grid, y, [&](Index i, const auto& column) {
      y.col(i) = x.col(column(0));
      for (Index k = 1; k < window.places(); ++k) y.col(i) += x.col(column(k));
    });
    y *= share();
  }

  /// d_x += dL/dx.
  void backward(Grid grid, const In<S>& d_y, Out<S> d_x) const {
    check("AveragePool2d.backward", "d_x", d_x, grid, "d_y", d_y);
    for_each_window(grid, d_y, [&](Index i, const auto& column) {
      for (Index k = 0; k < window.places(); ++k) d_x.col(column(k)) += share() * d_y.col(i);
    });
  }

 private:
  S share() const { return S(1) / static_cast<S>(window.places()); }
};

}}  // namespace heed::v0_2
