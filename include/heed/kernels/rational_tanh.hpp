#pragma once

#include <heed/core/types.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// 1 + c1 y + ... + c4 y^4, in two independent halves that the processor computes in parallel.
template <class P>
EIGEN_ALWAYS_INLINE P polynomial(const P& y, float c1, float c2, float c3, float c4) {
  namespace ei = Eigen::internal;
  const P y2 = ei::pmul(y, y), low = ei::pmadd(y, ei::pset1<P>(c1), ei::pset1<P>(1.f));
  const P high = ei::pmadd(y2, ei::pset1<P>(c4), ei::pmadd(y, ei::pset1<P>(c3), ei::pset1<P>(c2)));
  return ei::pmadd(y2, high, low);
}

/// tanh of a packet of floats, with the same bits in packets of every size.
///
/// Computes x P(x^2) / Q(x^2) with minimax polynomials. Their maximum relative error on [-8.3, 8.3] is 1.3e-8; the
/// remaining error is rounding. x is clamped to +-`reach`, where the result is +-1. The absolute value of the result is
/// at most 1. NaN stays NaN.
///
/// Maximum error: absolute 3.1e-7 and relative 3.3e-7 with fused multiply-add (AVX2, AVX-512); both 3.6e-7 without it
/// (SSE2).
template <class P>
EIGEN_ALWAYS_INLINE P rational_tanh(const P& x) {
  namespace ei = Eigen::internal;
  constexpr float reach = 8.12591457f;
  const P y = ei::pmin(ei::pmul(x, x), ei::pset1<P>(reach * reach));
  const P within = ei::pmax(ei::pmin(x, ei::pset1<P>(reach)), ei::pset1<P>(-reach));
  const P over = ei::pmul(within, polynomial(y, 0.134284f, 3.5521346e-3f, 2.1556165e-5f, 1.47139065e-8f));
  return ei::pdiv(over, polynomial(y, 0.46761727f, 0.026091332f, 3.3787428e-4f, 8.3219527e-7f));
}

}}}  // namespace heed::v0_2::detail
