#pragma once

#include <heed/kernels/packets.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

// Eigen's products for matrices of any size. All operands are mapped to one type, because Eigen compiles a product
// again for every type. May allocate.

/// out += a b
template <class S>
EIGEN_DONT_INLINE void add_times_maps(const ConstMapOf<S>& a, const ConstMapOf<S>& b, MapOf<S> out) {
  out.noalias() += a * b;
}
template <class A, class B, class C>
void add_times(const A& a, const B& b, C&& out) {
  add_times_maps<typename A::Scalar>(const_map_of(a), const_map_of(b), map_of(out));
}
/// out += a' b
template <class S>
EIGEN_DONT_INLINE void add_transpose_times_maps(const ConstMapOf<S>& a, const ConstMapOf<S>& b, MapOf<S> out) {
  out.noalias() += a.transpose() * b;
}
template <class A, class B, class C>
void add_transpose_times(const A& a, const B& b, C&& out) {
  if constexpr (A::RowsAtCompileTime != Dynamic || A::MaxColsAtCompileTime != Dynamic) {
    out.noalias() += a.transpose() * b;  // a size is known at compile time
  } else {
    add_transpose_times_maps<typename A::Scalar>(const_map_of(a), const_map_of(b), map_of(out));
  }
}

}}}  // namespace heed::v0_2::detail
