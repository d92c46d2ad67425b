#pragma once

#include <Eigen/Core>

#include <limits>
#include <type_traits>

namespace heed { inline namespace v0_2 {

/// The type of a sum over many items, such as the loss of all words: double for float, otherwise S.
template <class S>
using Sum = std::conditional_t<std::is_same_v<S, float>, double, S>;

// A scalar is any number type with Eigen's `NumTraits`, comparisons, and exp, log, sqrt, tanh and abs found by
// argument-dependent lookup: float, double, long double, or a type for automatic differentiation. Kernels process a
// scalar with SIMD support in packets, and every other scalar by the same code, one element at a time. No scalar is
// computed in another type.
namespace detail {

/// The plain number type of S: S itself, or the value type of a scalar for automatic differentiation.
template <class S>
using Counted = typename Eigen::NumTraits<S>::Literal;

/// The numeric limits of `Counted<S>`. For a type without a specialisation, `std::numeric_limits<S>` would silently
/// return 0 for all of them.
template <class S>
using Limits = std::numeric_limits<Counted<S>>;

/// Converts a size or a setting to the scalar S.
template <class S, class N>
S number(N x) {
  return S(static_cast<Counted<S>>(x));
}

}  // namespace detail

}}  // namespace heed::v0_2
