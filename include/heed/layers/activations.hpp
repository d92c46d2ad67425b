#pragma once

#include <heed/core/checks.hpp>
#include <heed/kernels/packets.hpp>
#include <heed/kernels/softmax.hpp>

#include <type_traits>

namespace heed { inline namespace v0_2 {

/// tanh, in place. The backward needs only the result y: d tanh(x) / dx = 1 - y^2.
struct Tanh {
  /// Returns tanh(x) for a SIMD packet x.
  template <class Numbers>
  static Numbers of(const Numbers& x) {
    return tanh(x);
  }
  /// Replaces every element of x by its tanh.
  template <class X>
  static void forward(X&& x) {
    detail::transform(x, [](const auto& numbers) { return of(numbers); });
  }
  /// d holds dL/dy on entry and dL/dx on return. Throws heed::Error if d does not have the size of y.
  template <class Y, class D>
  static void backward(const Y& y, D&& d) {
    detail::check_like("Tanh.backward", "d", d, y);
    using S = typename Y::Scalar;
    d.array() *= S(1) - y.array().square();
  }
};

/// max(x, 0), in place. The derivative at 0 is 0, as in PyTorch.
struct Relu {
  /// Returns max(x, 0) for a SIMD packet x.
  template <class Numbers>
  static Numbers of(const Numbers& x) {
    return max(x, 0);
  }
  /// Replaces every element x_i of x by max(x_i, 0).
  template <class X>
  static void forward(X&& x) {
    detail::transform(x, [](const auto& numbers) { return of(numbers); });
  }
  /// d holds dL/dy on entry and dL/dx on return. Throws heed::Error if d does not have the size of y.
  template <class Y, class D>
  static void backward(const Y& y, D&& d) {
    detail::check_like("Relu.backward", "d", d, y);
    using S = typename Y::Scalar;
    d.array() = (y.array() > S(0)).select(d.array(), S(0));
  }
};

/// Sigmoid, 1 / (1 + e^-x), in place. The backward needs only the result y: the derivative is y (1 - y).
///
/// Small results have the same relative accuracy as large ones, so products of probabilities are accurate. The gates of
/// cells use a faster sigmoid.
struct Sigmoid {
  /// Returns 1 / (1 + e^-x) for a SIMD packet x.
  template <class Numbers>
  static Numbers of(const Numbers& x) {
    return probability(x);
  }
  /// Replaces every element of x by its sigmoid.
  template <class X>
  static void forward(X&& x) {
    detail::transform(x, [](const auto& numbers) { return of(numbers); });
  }
  /// d holds dL/dy on entry and dL/dx on return. Throws heed::Error if d does not have the size of y.
  template <class Y, class D>
  static void backward(const Y& y, D&& d) {
    detail::check_like("Sigmoid.backward", "d", d, y);
    using S = typename Y::Scalar;
    d.array() *= y.array() * (S(1) - y.array());
  }
};

/// Softmax of every column of x, in place: x_j becomes e^{x_j} / sum_k e^{x_k}.
///
/// The maximum of the column is subtracted first; otherwise float overflows at 88.8. An element of -inf is excluded: it
/// becomes exactly 0. A column becomes NaN if all its elements are -inf, or if one is NaN or +inf. Does not allocate.
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

/// Backward of `softmax` for every column: with y = softmax(x), dL/dx_j = y_j (d_j - sum_k y_k d_k).
///
/// d holds dL/dy on entry and dL/dx on return. Throws heed::Error if d does not have the size of y.
template <class Y, class D>
void softmax_backward(const Y& y, D&& d) {
  detail::check_like("softmax_backward", "d", d, y);
  for (Index i = 0; i < y.cols(); ++i) {
    const auto inner = y.col(i).dot(d.col(i));
    d.col(i).array() = y.col(i).array() * (d.col(i).array() - inner);
  }
}

}}  // namespace heed::v0_2
