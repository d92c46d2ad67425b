#pragma once

#include <heed/types.hpp>

namespace heed::inline v0_1::detail {

/// f(x) of a polynomial of this degree, 1 or 2, from its values at 2, 4 and 6.
///
/// How many parameters a model has is such a polynomial in every size. What a file claims is held against what it holds
/// before a model of that size is made: small models say how large it would be. In double, which cannot overflow here.
template <class F>
double polynomial_at(Index x, int degree, const F& f) {
  const double k = (static_cast<double>(x) - 2) / 2, first = f(2), second = f(4);
  const double line = first + k * (second - first);
  return degree == 1 ? line : line + k * (k - 1) / 2 * (f(6) - 2 * second + first);
}

}  // namespace heed::inline v0_1::detail
