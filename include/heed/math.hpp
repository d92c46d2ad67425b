#pragma once

#include <heed/types.hpp>

#include <algorithm>

namespace heed::inline v0_1 {

/// tanh, in place; and its backward, which needs only the result: d tanh(x) / dx = 1 - y^2.
struct Tanh {
  template <class X>
  static void forward(X&& x) {
    x.array() = x.array().tanh();
  }
  /// d: dL/dy in, dL/dx out.
  template <class Y, class D>
  static void backward(const Y& y, D&& d) {
    using S = typename Y::Scalar;
    d.array() *= S(1) - y.array().square();
  }
};

/// max(x, 0), in place; the derivative at 0 is 0, as in PyTorch.
struct Relu {
  template <class X>
  static void forward(X&& x) {
    using S = typename std::remove_reference_t<X>::Scalar;
    x = x.cwiseMax(S(0));
  }
  template <class Y, class D>
  static void backward(const Y& y, D&& d) {
    using S = typename Y::Scalar;
    d.array() = (y.array() > S(0)).select(d.array(), S(0));
  }
};

/// 1 / (1 + e^-x), in place; backward y (1 - y).
struct Sigmoid {
  template <class X>
  static void forward(X&& x) {
    x.array() = x.array().logistic();
  }
  template <class Y, class D>
  static void backward(const Y& y, D&& d) {
    using S = typename Y::Scalar;
    d.array() *= y.array() * (S(1) - y.array());
  }
};

/// Every column of x becomes e^{x_j} / sum_k e^{x_k}.
///
/// The maximum is subtracted first: without that, float overflows at 88.8. Does not allocate.
template <class X>
void softmax(X&& x) {
  for (Index i = 0; i < x.cols(); ++i) {
    auto column = x.col(i).array();
    column = (column - column.maxCoeff()).exp();
    column /= column.sum();
  }
}

/// Backward of `softmax`, column by column: with y = softmax(x), dL/dx_j = y_j (d_j - sum_k y_k d_k).
///
/// d: dL/dy in, dL/dx out.
template <class Y, class D>
void softmax_backward(const Y& y, D&& d) {
  for (Index i = 0; i < y.cols(); ++i) {
    const auto inner = y.col(i).dot(d.col(i));
    d.col(i).array() = y.col(i).array() * (d.col(i).array() - inner);
  }
}

/// out += a b, without allocating.
///
/// Eigen puts the buffers of a product on the heap once they pass EIGEN_STACK_ALLOCATION_LIMIT; in tiles of this size
/// they stay on the stack. A decoding step is made of such products. Training, which may allocate, calls Eigen
/// directly.
template <class A, class B, class C>
void add_product(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, C&& out) {
  constexpr Index side = 64;
  constexpr Index depth = std::max<Index>(1, EIGEN_STACK_ALLOCATION_LIMIT / (side * Index{sizeof(typename A::Scalar)}));
  for (Index j = 0; j < b.cols(); j += side) {
    const Index cols = std::min(side, b.cols() - j);
    for (Index k = 0; k < a.cols(); k += depth) {
      const Index inner = std::min(depth, a.cols() - k);
      for (Index i = 0; i < a.rows(); i += side) {
        const Index rows = std::min(side, a.rows() - i);
        out.block(i, j, rows, cols).noalias() += a.block(i, k, rows, inner) * b.block(k, j, inner, cols);
      }
    }
  }
}

}  // namespace heed::inline v0_1
