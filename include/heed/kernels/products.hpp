#pragma once

#include <heed/kernels/eigen_product.hpp>
#include <heed/kernels/gates.hpp>
#include <heed/kernels/outer_product.hpp>
#include <heed/kernels/product.hpp>
#include <heed/kernels/small_matrix.hpp>
#include <heed/kernels/transposed_product.hpp>
#include <heed/kernels/weight.hpp>

#include <array>

namespace heed { inline namespace v0_2 {

// Matrix products for all layers. The left factor is a matrix or a weight (weight.hpp).
//
// Forward products do not allocate, and a column has the same bits regardless of the other columns of the batch.
// Eigen's products guarantee neither: they pack both factors into buffers, with large buffers on the heap, and sum the
// last columns of a batch in another order than the first. Backward products with W' use Eigen if W is not prepacked,
// because they may allocate and they process whole batches.

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

/// The first row of each gate in the saved activations of a cell's step, or in the gradient of its gates. The
/// parameters of all gates are stacked; their results need not be stacked.
template <int Count>
using GateRows = std::array<Index, std::size_t{Count}>;

namespace detail {

/// The first rows of gates that are stacked in `saved` in the order of the parameters.
template <int Count>
constexpr GateRows<Count> stacked(Index rows) {
  GateRows<Count> at{};
  for (std::size_t g = 0; g < Count; ++g) at[g] = static_cast<Index>(g) * rows;
  return at;
}

/// Calls f(first row in the parameters, first row in `saved`, rows) for each run of gates that are contiguous in
/// `saved`.
template <std::size_t Count, class F>
void for_each_run(const std::array<Index, Count>& at, Index rows, const F& f) {
  for (std::size_t g = 0, end = 0; g < Count; g = end) {
    for (end = g + 1; end < Count && at[end] == at[end - 1] + rows;) ++end;
    f(static_cast<Index>(g) * rows, at[g], static_cast<Index>(end - g) * rows);
  }
}

/// Computes W x. Calls use(io, k, i, sums) for each packet of units k ... of column i, with a packet of sums for every
/// gate, and returns true. Unit k is row k of each gate. A packet is as many consecutive units as a SIMD register
/// holds; `io` loads and stores one packet, or fewer units at the end.
///
/// Returns false, without a call, if W has no packed copy and is not small. Then the sums of several gates are not in
/// registers at the same time.
template <int Count, class W, class X, class Use>
EIGEN_ALWAYS_INLINE bool multiply_units(const W& w, const X& x, const Walk& walk, const Use& use) {
  static_assert(has_solid_columns<X>, "products take column-major matrices");
  eigen_assert(w.cols() == x.rows());
  if constexpr (is_small<ValuesOf<W>, Count>) {
    const auto& values = values_of(w);
    using Values = ValuesOf<W>;
    const Index depth = Values::ColsAtCompileTime == Dynamic ? values.cols() : Index{Values::ColsAtCompileTime};
    SmallMatrix<typename Values::Scalar, Count, Values::RowsAtCompileTime / Count>::multiply(
        columns_of(values), depth, columns_of(x), x.cols(), use);
    return true;
  } else if constexpr (WeightTraits<W>::packable) {
    using Member = typename WeightTraits<W>::type;
    static_assert(Member::gates == Count && !Member::transposed);
    if (!is_packed(w)) return false;
    const auto view = view_of(w);
    view.weight.packed().multiply(view.first, view.count, x, walk, use);
    return true;
  } else {
    return false;
  }
}

}  // namespace detail

/// saved += W x, gate by gate: the rows of gate g in W x are added to the rows of `saved` from at[g] on.
template <class W, class X, class Saved, std::size_t Count>
void add_gates(const W& w, const X& x, Saved&& saved, const std::array<Index, Count>& at) {
  const bool done = detail::multiply_units<Count>(w, x, {}, [&](const auto& io, Index k, Index i, auto sums) {
    for (std::size_t g = 0; g < Count; ++g) {
      auto* const to = saved.col(i).data() + at[g] + k;
      io.store(to, io.load(to) + sums[g]);
    }
  });
  if constexpr (!detail::is_small<detail::ValuesOf<W>, Count>) {
    if (done || w.cols() == 0 || x.cols() == 0) return;
    const auto& values = detail::values_of(w);
    detail::for_each_run(at, w.rows() / static_cast<Index>(Count), [&](Index from, Index to, Index rows) {
      add_product(values.middleRows(from, rows), x, saved.middleRows(to, rows));
    });
  }
}

/// saved = initial + W x, gate by gate as in `add_gates`. Overwrites the rows of the gates. initial(io, row) returns a
/// packet of initial values for the rows of W from `row` on.
template <class W, class X, class Saved, std::size_t Count, class Initial>
void set_gates(const W& w, const X& x, Saved&& saved, const std::array<Index, Count>& at, const Initial& initial) {
  const Index rows = w.rows() / static_cast<Index>(Count);
  const bool done = detail::multiply_units<Count>(w, x, {}, [&](const auto& io, Index k, Index i, auto sums) {
    for (std::size_t g = 0; g < Count; ++g) {
      io.store(saved.col(i).data() + at[g] + k, initial(io, static_cast<Index>(g) * rows + k) + sums[g]);
    }
  });
  if constexpr (!detail::is_small<detail::ValuesOf<W>, Count>) {
    if (done) return;
    for (Index i = 0; i < saved.cols(); ++i) {
      for (std::size_t g = 0; g < Count; ++g) {
        auto* const to = saved.col(i).data() + at[g];
        detail::for_each_packet<typename detail::ValuesOf<W>::Scalar>(
            rows, [&](const auto& io, Index k) { io.store(to + k, initial(io, static_cast<Index>(g) * rows + k)); });
      }
    }
    add_gates(w, x, saved, at);
  }
}

/// The recurrent step: computes saved + U h, gate by gate as in `add_gates`, and calls use(units, gates) for every
/// packet of units of every column, with a packet of the result for every gate. `units` reads and writes these units in
/// the matrices of the cell (`detail::Units`). If U is prepacked or small, the gates are still in registers and are not
/// written to `saved`. Otherwise, they are also written to `saved`.
///
/// h must not change until all units are computed. A backward walk first reads the part of U that a forward walk reads
/// last. If every other step walks backwards, each step starts with weights that are still in the cache. Threads share
/// the units of a prepacked U; for any other U, the first thread does all the work.
template <class U, class H, class Saved, std::size_t Count, class Use>
void step_gates(const U& u, const H& h, Saved&& saved, const std::array<Index, Count>& at, const Walk& walk,
                const Use& use) {
  using S = typename detail::ValuesOf<U>::Scalar;
  constexpr bool packable = detail::WeightTraits<U>::packable;
  if (walk.share.index > 0 && !detail::is_packed(u)) return;
  const Index ahead = detail::bytes_ahead<S>(walk);
  const bool done = detail::multiply_units<Count>(u, h, walk, [&](const auto& io, Index k, Index i, auto sums) {
    const S* const column = saved.col(i).data();
    use(detail::Units{io, k, i}, detail::add_to_gates<packable>(io, column + k, at, sums, ahead).data());
  });
  if constexpr (!detail::is_small<detail::ValuesOf<U>, Count>) {
    if (done) return;
    add_gates(u, h, saved, at);
    for (Index i = 0; i < saved.cols(); ++i) {
      const S* const column = saved.col(i).data();
      detail::for_each_packet<S>(u.rows() / static_cast<Index>(Count), [&](const auto& io, Index k) {
        use(detail::Units{io, k, i}, detail::load_gates(io, column + k, at).data());
      });
    }
  }
}

/// out += a b, where `a` is a weight or a range of its columns.
template <detail::AnyWeight W, class B, class C>
void add_product(const W& a, const Eigen::MatrixBase<B>& b, C&& out) {
  constexpr int gates = detail::WeightTraits<W>::type::gates;
  eigen_assert(a.rows() == out.rows() && b.cols() == out.cols());
  if constexpr (detail::WeightTraits<W>::packable) {
    if (detail::is_packed(a)) return add_gates(a, b.derived(), out, detail::stacked<gates>(a.rows() / gates));
  }
  add_product(detail::values_of(a), b, out);
}

/// out += a' b, where `a` is a `Transposed` weight.
template <detail::TransposedWeight W, class B, class C>
void add_transposed_product(const W& a, const Eigen::MatrixBase<B>& b, C&& out) {
  using S = typename W::Scalar;
  if constexpr (W::packable) {
    if (a.is_packed()) {
      a.packed().multiply(0, a.rows(), b.derived(), {}, [&](const auto& io, Index k, Index i, auto sums) {
        S* const to = out.col(i).data() + k;
        io.store(to, io.load(to) + sums[0]);
      });
      return;
    }
  }
  add_product(a.values().transpose(), b, out);
}

/// Backward of `add_gates`: d_x += W' d_a, where the rows of gate g in d_a begin at at[g].
template <class W, class D, class X, std::size_t Count>
void add_gates_backward(const W& w, const Eigen::MatrixBase<D>& d_a, const std::array<Index, Count>& at, X&& d_x) {
  if (w.cols() == 0 || d_a.cols() == 0) return;
  if (detail::is_packed(w)) {
    if constexpr (detail::WeightTraits<W>::packable) {
      const auto view = detail::view_of(w);
      view.weight.packed().backward(view.first, view.count, d_a.derived(), at, d_x);
    }
    return;
  }
  const auto& values = detail::values_of(w);
  detail::for_each_run(at, w.rows() / static_cast<Index>(Count), [&](Index from, Index to, Index rows) {
    detail::add_transpose_times(values.middleRows(from, rows), d_a.middleRows(to, rows), d_x);
  });
}

/// Backward of `add_product`: d_b += a' d.
template <class A, class D, class B>
void add_product_backward(const A& a, const Eigen::MatrixBase<D>& d, B&& d_b) {
  if constexpr (detail::AnyWeight<A>) {
    constexpr int gates = detail::WeightTraits<A>::type::gates;
    add_gates_backward(a, d, detail::stacked<gates>(a.rows() / gates), d_b);
  } else {
    add_gates_backward(a, d, GateRows<1>{0}, d_b);
  }
}
/// Backward of `add_transposed_product`: d_b += a d.
template <detail::TransposedWeight W, class D, class B>
void add_transposed_product_backward(const W& a, const Eigen::MatrixBase<D>& d, B&& d_b) {
  if constexpr (W::packable) {
    if (a.is_packed()) {
      constexpr GateRows<1> at{0};
      return a.packed().backward(0, a.rows(), d.derived(), at, d_b);
    }
  }
  detail::add_times(a.values(), d.derived(), d_b);
}
/// Backward of `add_product` for the transpose of a matrix: d_b += a' d.
template <class A, class D, class B>
void add_product_backward(const Eigen::Transpose<A>& a, const Eigen::MatrixBase<D>& d, B&& d_b) {
  detail::add_times(a.nestedExpression(), d.derived(), d_b);
}

/// grad += d x': the gradient of the weight matrix of a product. The product sums over all columns. Allocates.
template <class D, class X, class G>
void add_outer_product(const Eigen::MatrixBase<D>& d, const Eigen::MatrixBase<X>& x, G&& grad) {
  detail::OuterProduct<typename D::Scalar>::add(d.derived(), x.derived(), detail::matrix_of(grad));
}

}}  // namespace heed::v0_2
