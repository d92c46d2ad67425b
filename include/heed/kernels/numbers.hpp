#pragma once

#include <heed/core/types.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// Eigen's packet type: the elements of one SIMD register (SSE, AVX, AVX-512, NEON), or a single element for scalar
/// types without SIMD support. Every kernel is written once, with packets. With a fixed `Size`, it is the largest
/// packet whose size divides `Size`, or the smallest available packet.
template <class S, int Size = Dynamic>
using Packet = typename Eigen::internal::find_best_packet<S, Size>::type;

template <class S, int Size = Dynamic>
inline constexpr Index packet_size = Eigen::internal::unpacket_traits<Packet<S, Size>>::size;

/// A packet with arithmetic operators. Each operator is one packet operation of Eigen, and operations are not
/// reordered. A scalar operand is broadcast to all elements. A packet of one element computes the same results as the
/// scalar type.
template <class S, int Size = Dynamic>
struct Numbers {
  Packet<S, Size> packet;  ///< the packet as Eigen's type

  /// Broadcasts x to all elements.
  EIGEN_ALWAYS_INLINE static Numbers all(const S& x) { return {Eigen::internal::pset1<Packet<S, Size>>(x)}; }

  EIGEN_ALWAYS_INLINE friend Numbers operator+(const Numbers& a, const Numbers& b) {
    return {Eigen::internal::padd(a.packet, b.packet)};
  }
  EIGEN_ALWAYS_INLINE friend Numbers operator-(const Numbers& a, const Numbers& b) {
    return {Eigen::internal::psub(a.packet, b.packet)};
  }
  EIGEN_ALWAYS_INLINE friend Numbers operator*(const Numbers& a, const Numbers& b) {
    return {Eigen::internal::pmul(a.packet, b.packet)};
  }
  EIGEN_ALWAYS_INLINE friend Numbers operator/(const Numbers& a, const Numbers& b) {
    return {Eigen::internal::pdiv(a.packet, b.packet)};
  }
  EIGEN_ALWAYS_INLINE friend Numbers operator-(const Numbers& a) { return {Eigen::internal::pnegate(a.packet)}; }

  EIGEN_ALWAYS_INLINE friend Numbers operator-(const S& a, const Numbers& b) { return all(a) - b; }
  EIGEN_ALWAYS_INLINE friend Numbers operator*(const S& a, const Numbers& b) { return all(a) * b; }
  EIGEN_ALWAYS_INLINE friend Numbers operator*(const Numbers& a, const S& b) { return a * all(b); }

  /// a b + c, rounded once if the processor has fused multiply-add instructions.
  EIGEN_ALWAYS_INLINE friend Numbers multiply_add(const Numbers& a, const Numbers& b, const Numbers& c) {
    return {Eigen::internal::pmadd(a.packet, b.packet, c.packet)};
  }
  EIGEN_ALWAYS_INLINE friend Numbers sqrt(const Numbers& x) { return {Eigen::internal::psqrt(x.packet)}; }

  /// Elementwise maximum; unspecified if an operand is NaN.
  EIGEN_ALWAYS_INLINE friend Numbers max(const Numbers& a, const Numbers& b) {
    return {Eigen::internal::pmax(a.packet, b.packet)};
  }
  EIGEN_ALWAYS_INLINE friend Numbers max(const Numbers& a, const S& b) { return max(a, all(b)); }
  /// Elementwise maximum; NaN if an operand is NaN.
  EIGEN_ALWAYS_INLINE friend Numbers max_or_nan(const Numbers& a, const Numbers& b) {
    return {Eigen::internal::pmax<Eigen::PropagateNaN>(a.packet, b.packet)};
  }

  /// The sum of all elements.
  EIGEN_ALWAYS_INLINE friend S sum_of(const Numbers& x) { return Eigen::internal::predux(x.packet); }
};

/// The sums of several gates for a packet of units, one packet per gate.
template <class S, int Size = Dynamic>
struct GateSums {
  const Packet<S, Size>* packets;  ///< in the order of the gates

  /// The sums of one gate.
  template <class I>
  EIGEN_ALWAYS_INLINE Numbers<S, Size> operator[](I gate) const {
    return {packets[gate]};
  }
};

}}}  // namespace heed::v0_2::detail
