#pragma once

#include <heed/kernels/outer_product.hpp>
#include <heed/kernels/packed_backward.hpp>
#include <heed/kernels/packed_matrix.hpp>
#include <heed/kernels/product.hpp>
#include <heed/kernels/small_matrix.hpp>
#include <heed/kernels/transposed_product.hpp>

#include <array>

namespace heed::inline v0_1 {

// The products that all parts are made of, for parameters kept as matrices and for packed ones.
//
// Forward products do not allocate and give a column the same bits whatever columns stand beside it. Eigen's own do
// neither: they pack both factors into buffers, large ones on the heap, and sum the last columns of a batch in another
// order than the first. Backward products of matrices, which may allocate and add over whole batches, are Eigen's.

/// out += a b. `a` is a column-major matrix or the transpose of one.
template <class A, class B, class C>
void add_product(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b, C&& out) {
  using S = typename A::Scalar;
  static_assert(detail::has_solid_columns<B> && detail::has_solid_columns<C>,
                "add_product takes column-major matrices");
  const auto& left = a.derived();
  const auto& right = b.derived();
  eigen_assert(left.cols() == right.rows() && left.rows() == out.rows() && right.cols() == out.cols());
  if constexpr (A::IsRowMajor) {
    detail::TransposedProduct<S>::add(left.cols(), left.rows(), right.cols(), {left.data(), left.rowStride()},
                                      {right.data(), right.colStride()}, {out.data(), out.colStride()});
  } else {
    detail::Product<S>::add(left.rows(), left.cols(), right.cols(), {left.data(), left.colStride()},
                            {right.data(), right.colStride()}, {out.data(), out.colStride()});
  }
}

/// Where the rows of each gate begin in what a cell keeps of a step (its trace, or the gradient of its gates): the
/// parameters of all gates are stacked, their results need not be.
template <int Count>
using GateRows = std::array<Index, std::size_t{Count}>;

namespace detail {

/// Gates that follow one another in `trace` as they do in the parameters.
template <int Count>
constexpr GateRows<Count> stacked(Index rows) {
  GateRows<Count> at{};
  for (std::size_t g = 0; g < Count; ++g) at[g] = static_cast<Index>(g) * rows;
  return at;
}

/// Calls f(first row of the parameters, first row of the trace, rows) for gates as far as they follow one another.
template <std::size_t Count, class F>
void for_each_run(const std::array<Index, Count>& at, Index rows, const F& f) {
  for (std::size_t g = 0, end = 0; g < Count; g = end) {
    for (end = g + 1; end < Count && at[end] == at[end - 1] + rows;) ++end;
    f(static_cast<Index>(g) * rows, at[g], static_cast<Index>(end - g) * rows);
  }
}

template <class W>
inline constexpr bool is_packed = !requires {
  W::MaxColsAtCompileTime;
};

/// Whether the products of W with `Count` gates give the sums of all gates of some units together: those of packed
/// matrices and of small ones do.
template <class W, std::size_t Count>
inline constexpr bool sums_units = [] {
  if constexpr (is_packed<W>) {
    return true;
  } else {
    return is_small<W, static_cast<int>(Count)>;
  }
}();

/// Calls use(io, k, i, sums) for a packet of units k ... of column i, `sums` being that of every gate of W x.
template <int Count, class T, class X, class Use>
void multiply(const PackedColumns<T, Count>& w, const X& x, const Walk& walk, const Use& use) {
  static_assert(has_solid_columns<X>, "products take column-major matrices");
  eigen_assert(w.cols() == x.rows());
  w.panels.multiply(w.first, w.count, {x.data(), 1, x.colStride()}, x.cols(), walk, use);
}
template <int Count, class T, class X, class Use>
void multiply(const PackedMatrix<T, Count>& w, const X& x, const Walk& walk, const Use& use) {
  multiply<Count>(w.leftCols(w.cols()), x, walk, use);
}
template <int Count, class W, class X, class Use>
EIGEN_ALWAYS_INLINE void multiply(const Eigen::MatrixBase<W>& w, const X& x, const Walk&, const Use& use) {
  eigen_assert(w.cols() == x.rows());
  const Index depth = W::ColsAtCompileTime == Dynamic ? w.cols() : Index{W::ColsAtCompileTime};
  SmallMatrix<typename W::Scalar, Count, W::RowsAtCompileTime / Count>::multiply(columns_of(w.derived()), depth,
                                                                                 columns_of(x), x.cols(), use);
}

}  // namespace detail

/// The rows of each gate of `trace` += that gate's part of W x.
template <class W, class X, class Trace, std::size_t Count>
void add_gates(const W& w, const X& x, Trace&& trace, const std::array<Index, Count>& at) {
  if constexpr (detail::sums_units<W, Count>) {
    detail::multiply<Count>(w, x, {}, [&](const auto& io, Index k, Index i, const auto& sums) {
      for (std::size_t g = 0; g < Count; ++g) {
        auto* const to = trace.col(i).data() + at[g] + k;
        io.store(to, Eigen::internal::padd(io.load(to), sums[g]));
      }
    });
  } else {
    if (w.cols() == 0 || x.cols() == 0) return;
    detail::for_each_run(at, w.rows() / static_cast<Index>(Count), [&](Index from, Index to, Index rows) {
      add_product(w.middleRows(from, rows), x, trace.middleRows(to, rows));
    });
  }
}

/// The same, into rows that begin as initial(io, row), a packet for rows `row` ... of W, whatever they held.
template <class W, class X, class Trace, std::size_t Count, class Initial>
void set_gates(const W& w, const X& x, Trace&& trace, const std::array<Index, Count>& at, const Initial& initial) {
  const Index rows = w.rows() / static_cast<Index>(Count);
  if constexpr (detail::sums_units<W, Count>) {
    detail::multiply<Count>(w, x, {}, [&](const auto& io, Index k, Index i, const auto& sums) {
      for (std::size_t g = 0; g < Count; ++g) {
        io.store(trace.col(i).data() + at[g] + k,
                 Eigen::internal::padd(initial(io, static_cast<Index>(g) * rows + k), sums[g]));
      }
    });
  } else {
    for (Index i = 0; i < trace.cols(); ++i) {
      for (std::size_t g = 0; g < Count; ++g) {
        auto* const to = trace.col(i).data() + at[g];
        detail::for_each_packet<typename W::Scalar>(
            rows, [&](const auto& io, Index k) { io.store(to + k, initial(io, static_cast<Index>(g) * rows + k)); });
      }
    }
    add_gates(w, x, trace, at);
  }
}

/// The recurrent step: adds U h to the rows of each gate of `trace` and calls use(io, k, i, gates) for every packet of
/// units k ... of column i, `gates` holding each gate's sum. If U is packed or small, these have not left the registers.
///
/// h must stay as it is until all is done. Walked backwards, what was read last is read first: every other step done
/// so finds half of U in the cache. Threads share the units of a packed U; any other the first thread does alone.
/// The columns of a trace lie so far apart that no machine foresees which of their rows come next: they are fetched.
template <class U, class H, class Trace, std::size_t Count, class Use>
void step_gates(const U& u, const H& h, Trace&& trace, const std::array<Index, Count>& at, const Walk& walk,
                const Use& use) {
  using S = typename U::Scalar;
  if (!detail::is_packed<U> && walk.share.index > 0) return;
  if constexpr (detail::sums_units<U, Count>) {
    constexpr Index two_packets = 2 * detail::packet_size<S> * Index{sizeof(S)};
    const Index ahead = walk.backwards ? -two_packets : two_packets;
    detail::multiply<Count>(u, h, walk, [&](const auto& io, Index k, Index i, const auto& sums) {
      const S* const column = trace.col(i).data();
      decltype(io.load(column)) gates[Count];
      for (std::size_t g = 0; g < Count; ++g) {
        if constexpr (detail::is_packed<U>) detail::prefetch(column + at[g] + k, ahead);
        gates[g] = Eigen::internal::padd(io.load(column + at[g] + k), sums[g]);
      }
      use(io, k, i, gates);
    });
  } else {
    add_gates(u, h, trace, at);
    for (Index i = 0; i < trace.cols(); ++i) {
      const S* const column = trace.col(i).data();
      detail::for_each_packet<S>(u.rows() / static_cast<Index>(Count), [&](const auto& io, Index k) {
        detail::Packet<S> gates[Count];
        for (std::size_t g = 0; g < Count; ++g) gates[g] = io.load(column + at[g] + k);
        use(io, k, i, gates);
      });
    }
  }
}

/// out += a b for a packed matrix.
template <class T, int Count, class B, class C>
void add_product(const PackedColumns<T, Count>& a, const Eigen::MatrixBase<B>& b, C&& out) {
  eigen_assert(a.rows() == out.rows() && b.cols() == out.cols());
  add_gates(a, b.derived(), out, detail::stacked<Count>(a.rows() / Count));
}
template <class T, int Count, class B, class C>
void add_product(const PackedMatrix<T, Count>& a, const Eigen::MatrixBase<B>& b, C&& out) {
  add_product(a.leftCols(a.cols()), b, out);
}

/// d_x += W' d_a, the rows of each gate of d_a beginning where `at` says: the way back through `add_gates`.
template <class W, class D, class X, std::size_t Count>
void add_gates_backward(const Eigen::MatrixBase<W>& w, const Eigen::MatrixBase<D>& d_a,
                        const std::array<Index, Count>& at, X&& d_x) {
  if (w.cols() == 0 || d_a.cols() == 0) return;
  detail::for_each_run(at, w.rows() / static_cast<Index>(Count), [&](Index from, Index to, Index rows) {
    d_x.noalias() += w.middleRows(from, rows).transpose() * d_a.middleRows(to, rows);
  });
}
template <class T, int Count, class D, class X>
void add_gates_backward(const PackedColumns<T, Count>& w, const Eigen::MatrixBase<D>& d_a, const GateRows<Count>& at,
                        X&& d_x) {
  static_assert(std::is_same_v<T, scalar_of<T>>, "16-bit weights are for inference: pack(model) for training");
  detail::PackedBackward<T, Count>::add(w.panels, w.first, d_a.derived(), at, d_x);
}
template <class T, int Count, class D, class X>
void add_gates_backward(const PackedMatrix<T, Count>& w, const Eigen::MatrixBase<D>& d_a, const GateRows<Count>& at,
                        X&& d_x) {
  add_gates_backward(w.leftCols(w.cols()), d_a, at, d_x);
}

/// d_b += a' d: the way back through `add_product`.
template <class A, class D, class B>
void add_product_backward(const A& a, const Eigen::MatrixBase<D>& d, B&& d_b) {
  add_gates_backward(a, d, GateRows<1>{0}, d_b);
}
/// The same where `a` is the transpose of a matrix.
template <class A, class D, class B>
void add_product_backward(const Eigen::Transpose<A>& a, const Eigen::MatrixBase<D>& d, B&& d_b) {
  d_b.noalias() += a.nestedExpression() * d;
}

/// grad += d x', the sum over all columns: the gradient of the parameters of a product. Allocates.
template <class D, class X, class G>
void add_outer_product(const Eigen::MatrixBase<D>& d, const Eigen::MatrixBase<X>& x, G&& grad) {
  detail::OuterProduct<typename D::Scalar>::add(d.derived(), x.derived(), grad);
}

}  // namespace heed::inline v0_1
