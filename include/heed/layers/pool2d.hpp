#pragma once

#include <heed/kernels/packets.hpp>
#include <heed/layers/windows.hpp>

#include <string>

namespace heed { inline namespace v0_2 {

namespace detail {

/// What pooling layers share: a window over the maps, each channel on its own, and no parameters. Without padding:
/// what is not there is neither a maximum nor a part of a mean.
struct Pool2d {
  Window window;

  Pool2d() = default;
  /// Throws if the window has no places or a padding.
  explicit Pool2d(Window window_) : window(window_) {
    window.positions({window.height, window.width});
    check_padding();
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("window", self.window...);
  }

 protected:
  /// Throws unless x is whole maps of the grid, and y those of the window's positions.
  template <class X, class Y>
  void check(const char* function, const char* x_name, const X& x, Grid grid, const char* y_name, const Y& y) const {
    check_padding();  // it may have been assigned
    const Index positions = window.positions(grid).places();
    const Index images = check_images(function, x_name, x, x.rows(), grid);
    check_size(function, y_name, y, x.rows(), images * positions);
  }

  /// Calls use(position, column(k)) for every position of the window, where column(k) is the k-th place it sees, row by
  /// row.
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
            [&] { return "Pool2d: the window has no padding, not " + std::to_string(window.padding); });
  }
};

}  // namespace detail

/// The largest number that the window sees, in every channel. A NaN is larger than any number. Throws heed::Error if a
/// size does not fit.
template <class S>
struct MaxPool2d : detail::Pool2d {
  using Scalar = S;
  using Pool2d::Pool2d;

  /// Overwrites y (channels x positions) from x (channels x places). Does not allocate.
  void forward(const In<S>& x, Grid grid, Out<S> y) const {
    check("MaxPool2d.forward", "x", x, grid, "y", y);
    for_each_window(grid, y, [&](Index i, const auto& column) {
      y.col(i) = x.col(column(0));
      S* const to = y.col(i).data();
      for (Index k = 1; k < window.places(); ++k) {
        const S* const from = x.col(column(k)).data();
        detail::for_each_packet<S>(y.rows(), [&](const auto& io, Index c) {
          io.store(to + c, max_or_nan(io.load(to + c), io.load(from + c)));
        });
      }
    });
  }

  /// d_x += dL/dx. Of equal numbers the first gets all. Pass the x that forward was given, and its y.
  void backward(const In<S>& x, Grid grid, const In<S>& y, const In<S>& d_y, Out<S> d_x) const {
    check("MaxPool2d.backward", "x", x, grid, "y", y);
    detail::check_like("MaxPool2d.backward", "d_y", d_y, y);
    detail::check_like("MaxPool2d.backward", "d_x", d_x, x);
    for_each_window(grid, y, [&](Index i, const auto& column) {
      for (Index c = 0; c < y.rows(); ++c) {
        Index k = 0;
        while (k + 1 < window.places() && x(c, column(k)) < y(c, i)) ++k;
        d_x(c, column(k)) += d_y(c, i);
      }
    });
  }
};

/// The mean of what the window sees, in every channel. With a window of the grid's size: one vector for a whole image.
/// Throws heed::Error if a size does not fit.
template <class S>
struct AveragePool2d : detail::Pool2d {
  using Scalar = S;
  using Pool2d::Pool2d;

  /// Overwrites y (channels x positions) from x (channels x places). Does not allocate.
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
