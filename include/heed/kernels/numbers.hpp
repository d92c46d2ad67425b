#pragma once

#include <heed/core/types.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// As many numbers as the machine works on at once, in Eigen's words: SSE, AVX, AVX-512, NEON or, for a scalar that no
/// machine has vectors of, one. Every kernel is written once, in these. `Size` asks for the largest packet that divides
/// so many numbers evenly, or the smallest there is.
template <class S, int Size = Dynamic>
using Packet = typename Eigen::internal::find_best_packet<S, Size>::type;

template <class S, int Size = Dynamic>
inline constexpr Index packet_size = Eigen::internal::unpacket_traits<Packet<S, Size>>::size;

/// A packet as formulas use it: each operator is one packet operation of Eigen, and nothing is reordered. A number of the
/// scalar type stands for a packet of equal ones. Packets of one number compute as the scalar does.
template <class S, int Size = Dynamic>
struct Numbers {
  Packet<S, Size> packet;  ///< in Eigen's words

  /// x in every place.
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

  /// a b + c, rounded once where the machine has such an instruction.
  EIGEN_ALWAYS_INLINE friend Numbers multiply_add(const Numbers& a, const Numbers& b, const Numbers& c) {
    return {Eigen::internal::pmadd(a.packet, b.packet, c.packet)};
  }
  EIGEN_ALWAYS_INLINE friend Numbers sqrt(const Numbers& x) { return {Eigen::internal::psqrt(x.packet)}; }

  /// The larger number of each place; unspecified if one is NaN.
  EIGEN_ALWAYS_INLINE friend Numbers max(const Numbers& a, const Numbers& b) {
    return {Eigen::internal::pmax(a.packet, b.packet)};
  }
  EIGEN_ALWAYS_INLINE friend Numbers max(const Numbers& a, const S& b) { return max(a, all(b)); }
  /// The larger number of each place; NaN if one is NaN.
  EIGEN_ALWAYS_INLINE friend Numbers max_or_nan(const Numbers& a, const Numbers& b) {
    return {Eigen::internal::pmax<Eigen::PropagateNaN>(a.packet, b.packet)};
  }

  /// The sum of its numbers.
  EIGEN_ALWAYS_INLINE friend S sum_of(const Numbers& x) { return Eigen::internal::predux(x.packet); }
};

/// The sums of several gates for some units, one packet after another.
template <class S, int Size = Dynamic>
struct GateSums {
  const Packet<S, Size>* packets;  ///< in the gates' order

  /// That of one gate.
  template <class I>
  EIGEN_ALWAYS_INLINE Numbers<S, Size> operator[](I gate) const {
    return {packets[gate]};
  }
};

}}}  // namespace heed::v0_2::detail
