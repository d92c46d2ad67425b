#pragma once

#include <Eigen/Core>

#include <limits>
#include <type_traits>

namespace heed { inline namespace v0_2 {

/// What sums over many items are kept in, such as the loss of all words: that of floats in double.
template <class S>
using Sum = std::conditional_t<std::is_same_v<S, float>, double, S>;

// A scalar is any number type with Eigen's `NumTraits`, comparisons, and exp, log, sqrt, tanh and abs found by their
// argument: float, double, long double, or one that differentiates on its way. Those of which the machine has vectors
// go through kernels in packets, every other through the same code number by number, and none through another type.
namespace detail {

/// The plain number in which S counts: S itself, or what an automatically differentiating S is made of.
template <class S>
using Counted = typename Eigen::NumTraits<S>::Literal;

/// The limits of that. Of a type it does not know, `std::numeric_limits` says without a word that all of them are 0.
template <class S>
using Limits = std::numeric_limits<Counted<S>>;

/// A size or a setting as a scalar.
template <class S, class N>
S number(N x) {
  return S(static_cast<Counted<S>>(x));
}

}  // namespace detail

}}  // namespace heed::v0_2
