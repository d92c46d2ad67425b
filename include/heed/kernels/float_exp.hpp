#pragma once

#include <heed/core/types.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// Below this, e^x is no normal float.
inline constexpr float min_exponent = -87.3365f;

/// e^r of x = n ln 2 + r, |r| <= ln 2 / 2, and n + bias in the last bits of `shifted`. The polynomial is a minimax fit.
template <class P>
EIGEN_ALWAYS_INLINE P exp_fraction(const P& x, float bias, P& shifted) {
  namespace ei = Eigen::internal;
  // Added to 3 2^22, a number is rounded to an integer, n, and leaves it in its last bits.
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

/// The last bits of `shifted`, where a float has its exponent.
template <class P>
EIGEN_ALWAYS_INLINE auto as_exponent(const P& shifted) {
  namespace ei = Eigen::internal;
  return ei::plogical_shift_left<23>(ei::preinterpret<typename ei::unpacket_traits<P>::integer_packet>(shifted));
}

/// e^x of a packet of floats, in half the time of Eigen's own: from the smallest normal number, for anything below, to
/// just under the largest. NaN stays NaN.
///
/// Largest error: 0.9 units in the last place with fused multiply-adds (AVX2, AVX-512), 1.2 without (SSE2).
template <class P>
EIGEN_ALWAYS_INLINE P exp_of_floats(const P& x) {
  namespace ei = Eigen::internal;
  using Integers = typename ei::unpacket_traits<P>::integer_packet;
  P shifted;
  const P within = ei::pmin(ei::pmax(x, ei::pset1<P>(min_exponent)), ei::pset1<P>(88.72f));
  const P fraction = exp_fraction(within, 0, shifted);
  const P e = ei::preinterpret<P>(ei::padd(ei::preinterpret<Integers>(fraction), as_exponent(shifted)));
  return ei::pmadd(within, ei::pset1<P>(0.f), e);  // the sum of integers may have made a number of NaN
}

/// The same of floats x <= 0, with the same error, but exactly 0 for those below `min_exponent`. Of positive numbers the
/// result is unspecified. NaN stays NaN.
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
