#pragma once

#include <heed/core/types.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// For x below this value, e^x is not a normal float.
inline constexpr float min_exponent = -87.3365f;

/// Splits x = n ln 2 + r with |r| <= ln 2 / 2 and returns e^r, computed with a minimax polynomial. Stores n + bias in
/// the low bits of `shifted`.
template <class P>
EIGEN_ALWAYS_INLINE P exp_fraction(const P& x, float bias, P& shifted) {
  namespace ei = Eigen::internal;
  // Adding 3 * 2^22 to a float rounds it to an integer n, which is then in the low bits of the sum.
  const P rounding = ei::pset1<P>(0x3p22f + bias);
  shifted = ei::pmadd(x, ei::pset1<P>(1.44269504f), rounding);
  const P n = ei::psub(shifted, rounding);
  const P r = ei::pmadd(n, ei::pset1<P>(2.12194440e-4f), ei::pmadd(n, ei::pset1<P>(-0.693359375f), x));
  P e = ei::pmadd(ei::pset1<P>(1.3814518e-3f), r, ei::pset1<P>(8.368745e-3f));
  for (const float next : {4.1668393e-2f, 0.16666521f, 0.49999994f, 1.0f, 1.0f}) {
    e = ei::pmadd(e, r, ei::pset1<P>(next));
  }
  return e;
}

/// Moves the low bits of `shifted` to the exponent bits of a float.
template <class P>
EIGEN_ALWAYS_INLINE auto as_exponent(const P& shifted) {
  namespace ei = Eigen::internal;
  return ei::plogical_shift_left<23>(ei::preinterpret<typename ei::unpacket_traits<P>::integer_packet>(shifted));
}

/// e^x of a packet of floats, in half the time of Eigen's function. The result is clamped: the minimum is the smallest
/// normal float, the maximum is just below the largest float. NaN stays NaN.
///
/// Maximum error: 0.9 units in the last place with fused multiply-add (AVX2, AVX-512), 1.2 without it (SSE2).
template <class P>
EIGEN_ALWAYS_INLINE P exp_of_floats(const P& x) {
  namespace ei = Eigen::internal;
  using Integers = typename ei::unpacket_traits<P>::integer_packet;
  P shifted;
  const P within = ei::pmin(ei::pmax(x, ei::pset1<P>(min_exponent)), ei::pset1<P>(88.72f));
  const P fraction = exp_fraction(within, 0, shifted);
  const P e = ei::preinterpret<P>(ei::padd(ei::preinterpret<Integers>(fraction), as_exponent(shifted)));
  return ei::pmadd(within, ei::pset1<P>(0.f), e);  // restores NaN, which the integer addition may change
}

/// e^x of a packet of floats x <= 0, with the same error as `exp_of_floats`, but exactly 0 for x below `min_exponent`.
/// For positive x the result is unspecified. NaN stays NaN.
template <class P>
EIGEN_ALWAYS_INLINE P exp_of_nonpositive_floats(const P& x) {
  namespace ei = Eigen::internal;
  P shifted;
  const P least = ei::pset1<P>(min_exponent);
  const P fraction = exp_fraction(P(ei::pmax(x, least)), 127, shifted);
  const P e = ei::pmul(fraction, ei::preinterpret<P>(as_exponent(shifted)));  // times 2^n
  return ei::pandnot(e, ei::pcmp_lt(x, least));
}

}}}  // namespace heed::v0_2::detail
