#pragma once

#include <heed/core/checks.hpp>
#include <heed/kernels/packets.hpp>
#include <heed/kernels/softmax.hpp>

#include <type_traits>

namespace heed { inline namespace v0_2 {

/// tanh, in place; and its backward, which needs only the result: d tanh(x) / dx = 1 - y^2.
struct Tanh {
  /// Of a packet of numbers.
  template <class Numbers>
  static Numbers of(const Numbers& x) {
    return tanh(x);
  }
  /// Every number of x.
  template <class X>
  static void forward(X&& x) {
    detail::transform(x, [](const auto& numbers) { return of(numbers); });
  }
  /// d: dL/dy in, dL/dx out. Throws heed::Error if d does not have the size of y.
  template <class Y, class D>
  static void backward(const Y& y, D&& d) {
    detail::check_like("Tanh.backward", "d", d, y);
    using S = typename Y::Scalar;
    d.array() *= S(1) - y.array().square();
  }
};

/// max(x, 0), in place; the derivative at 0 is 0, as in PyTorch.
struct Relu {
  /// Of a packet of numbers.
  template <class Numbers>
  static Numbers of(const Numbers& x) {
    return max(x, 0);
  }
  /// Every number of x.
  template <class X>
  static void forward(X&& x) {
    detail::transform(x, [](const auto& numbers) { return of(numbers); });
  }
  /// d: dL/dy in, dL/dx out. Throws heed::Error if d does not have the size of y.
  template <class Y, class D>
  static void backward(const Y& y, D&& d) {
    detail::check_like("Relu.backward", "d", d, y);
    using S = typename Y::Scalar;
    d.array() = (y.array() > S(0)).select(d.array(), S(0));
  }
};

/// 1 / (1 + e^-x), in place; backward y (1 - y). Small results are as accurate as large ones, so that probabilities can be
/// multiplied; cells have a faster one for their gates.
struct Sigmoid {
  /// Of a packet of numbers.
  template <class Numbers>
  static Numbers of(const Numbers& x) {
    return probability(x);
  }
  /// Every number of x.
  template <class X>
  static void forward(X&& x) {
    detail::transform(x, [](const auto& numbers) { return of(numbers); });
  }
  /// d: dL/dy in, dL/dx out. Throws heed::Error if d does not have the size of y.
  template <class Y, class D>
  static void backward(const Y& y, D&& d) {
    detail::check_like("Sigmoid.backward", "d", d, y);
    using S = typename Y::Scalar;
    d.array() *= y.array() * (S(1) - y.array());
  }
};

/// Every column of x becomes e^{x_j} / sum_k e^{x_k}.
///
/// The maximum is subtracted first: without that, float overflows at 88.8. An entry of -inf is excluded: it becomes exactly
/// 0. A column of nothing but -inf, or with NaN or +inf, becomes NaN. Does not allocate.
template <class X>
void softmax(X&& x) {
  static_assert(detail::has_solid_columns<X>, "softmax takes column-major matrices");
  using S = typename std::remove_reference_t<X>::Scalar;
  if (x.rows() == 0) return;
  for (Index i = 0; i < x.cols(); ++i) {
    S* const column = x.col(i).data();
    detail::SoftmaxColumn<S>(column, x.rows()).normalise(column);
  }
}

/// Backward of `softmax`, column by column: with y = softmax(x), dL/dx_j = y_j (d_j - sum_k y_k d_k).
///
/// d: dL/dy in, dL/dx out. Throws heed::Error if d does not have the size of y.
template <class Y, class D>
void softmax_backward(const Y& y, D&& d) {
  detail::check_like("softmax_backward", "d", d, y);
  for (Index i = 0; i < y.cols(); ++i) {
    const auto inner = y.col(i).dot(d.col(i));
    d.col(i).array() = y.col(i).array() * (d.col(i).array() - inner);
  }
}

}}  // namespace heed::v0_2
