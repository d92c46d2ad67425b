#pragma once

#include <heed/kernels/packets.hpp>
#include <heed/kernels/product.hpp>

#include <limits>
#include <type_traits>

namespace heed::inline v0_1 {

/// tanh, in place; and its backward, which needs only the result: d tanh(x) / dx = 1 - y^2.
struct Tanh {
  template <class X>
  static void forward(X&& x) {
    using S = typename std::remove_reference_t<X>::Scalar;
    detail::transform(x, [](const auto& packet) { return detail::tanh_of<S>(packet); });
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
    using S = typename std::remove_reference_t<X>::Scalar;
    detail::transform(x, [](const auto& packet) { return detail::sigmoid_of<S>(packet); });
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
  namespace ei = Eigen::internal;
  static_assert(detail::has_solid_columns<X>, "softmax takes column-major matrices");
  using S = typename std::remove_reference_t<X>::Scalar;
  for (Index i = 0; i < x.cols(); ++i) {
    auto column = x.col(i).array();
    column -= column.maxCoeff();
    S* const data = column.data();
    detail::for_each_packet<S>(
        x.rows(), [&](const auto& io, Index k) { io.store(data + k, detail::exp_of<S>(io.load(data + k))); });
    if constexpr (std::is_floating_point_v<S>) {  // a packet's exponential ends a little above zero
      column = (column < std::numeric_limits<S>::min()).select(S(0), column);
    }
    auto sum = detail::constant(S(0));
    detail::for_each_packet<S>(x.rows(), [&](const auto& io, Index k) { sum = ei::padd(sum, io.load(data + k)); });
    column /= S(ei::predux(sum));
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

/// out += a b, without allocating, and with the same bits in a column whatever columns stand beside it.
///
/// `a` is a column-major matrix or the transpose of one. Eigen's own product does neither: it packs both factors into
/// buffers, large ones on the heap, and sums the last columns of a batch in another order than the first. Training,
/// which may allocate and adds over whole batches, calls Eigen directly.
template <class A, class B, class C>
void add_product(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, C&& out) {
  using S = typename A::Scalar;
  static_assert(detail::has_solid_columns<B> && detail::has_solid_columns<C>,
                "add_product takes column-major matrices");
  const auto& left = a.derived();
  const auto& right = b.derived();
  eigen_assert(left.cols() == right.rows() && left.rows() == out.rows() && right.cols() == out.cols());
  if constexpr (A::IsRowMajor) {
    for (Index j = 0; j < right.cols(); ++j) {
      for (Index i = 0; i < left.rows(); ++i) {
        out(i, j) += detail::dot(left.data() + i * left.rowStride(), right.data() + j * right.colStride(), left.cols());
      }
    }
  } else {
    detail::ColumnProduct<S>::add(left.rows(), left.cols(), right.cols(), {left.data(), left.colStride()},
                                  {right.data(), right.colStride()}, out.data(), out.colStride());
  }
}

}  // namespace heed::inline v0_1
