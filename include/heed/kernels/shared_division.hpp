#pragma once

#include <heed/kernels/packets.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// Quotients of several packets with a single division. A division costs as much as ten to twenty multiplications. The
/// product of four denominators must be finite, and every denominator must be at least 1.
template <class S>
struct SharedDivision {
  using P = Packet<S>;

  /// v[0] / a[0] + v[1] / a[1] + ...
  EIGEN_ALWAYS_INLINE static P sum(const P (&v)[1], const P (&a)[1]) { return Eigen::internal::pdiv(v[0], a[0]); }
  EIGEN_ALWAYS_INLINE static P sum(const P (&v)[2], const P (&a)[2]) {
    namespace ei = Eigen::internal;
    return ei::pdiv(ei::pmadd(v[0], a[1], ei::pmul(v[1], a[0])), ei::pmul(a[0], a[1]));
  }
  EIGEN_ALWAYS_INLINE static P sum(const P (&v)[4], const P (&a)[4]) {
    namespace ei = Eigen::internal;
    const P left = ei::pmul(a[0], a[1]), right = ei::pmul(a[2], a[3]);
    const P upper_left = ei::pmadd(v[0], a[1], ei::pmul(v[1], a[0]));
    const P upper_right = ei::pmadd(v[2], a[3], ei::pmul(v[3], a[2]));
    return ei::pdiv(ei::pmadd(upper_left, right, ei::pmul(upper_right, left)), ei::pmul(left, right));
  }

  /// Replaces every a[i] by 1 / a[i].
  EIGEN_ALWAYS_INLINE static void invert(P (&a)[1]) { a[0] = Eigen::internal::pdiv(constant(S(1)), a[0]); }
  EIGEN_ALWAYS_INLINE static void invert(P (&a)[2]) {
    namespace ei = Eigen::internal;
    const P both = ei::pdiv(constant(S(1)), ei::pmul(a[0], a[1])), first = ei::pmul(both, a[1]);
    a[1] = ei::pmul(both, a[0]);
    a[0] = first;
  }
  EIGEN_ALWAYS_INLINE static void invert(P (&a)[4]) {
    namespace ei = Eigen::internal;
    const P left = ei::pmul(a[0], a[1]), right = ei::pmul(a[2], a[3]);
    const P all = ei::pdiv(constant(S(1)), ei::pmul(left, right));
    const P of_left = ei::pmul(all, right), of_right = ei::pmul(all, left);
    const P first = ei::pmul(of_left, a[1]), third = ei::pmul(of_right, a[3]);
    a[1] = ei::pmul(of_left, a[0]);
    a[3] = ei::pmul(of_right, a[2]);
    a[0] = first;
    a[2] = third;
  }
};

}}}  // namespace heed::v0_2::detail
