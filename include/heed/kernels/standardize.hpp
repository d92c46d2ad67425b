#pragma once

#include <heed/kernels/packets.hpp>

#include <cmath>

namespace heed { inline namespace v0_2 { namespace detail {

/// Overwrites the `count` elements of x with (x - mean) / deviation with deviation = sqrt(mean of (x - mean)^2 + 1e-5).
/// Returns 1 / deviation. The order of summation does not depend on the address of x.
template <class S>
S standardize(S* x, Index count) {
  using std::sqrt;
  const S n = number<S>(count);
  Numbers<S> sum = Numbers<S>::all(S(0)), squares = sum;
  for_each_packet<S>(count, [&](const auto& io, Index k) { sum = sum + io.load(x + k); });
  const auto mean = Numbers<S>::all(S(sum_of(sum) / n));
  for_each_packet<S>(count, [&](const auto& io, Index k) { io.store(x + k, io.load(x + k) - mean); });
  for_each_packet<S>(count, [&](const auto& io, Index k) {
    const auto apart = io.load(x + k);
    squares = multiply_add(apart, apart, squares);
  });
  const S inverse = S(1) / sqrt(S(sum_of(squares) / n + number<S>(1e-5L)));
  for_each_packet<S>(count, [&](const auto& io, Index k) { io.store(x + k, io.load(x + k) * inverse); });
  return inverse;
}

/// Backward of `standardize` for one column. `normal` and `inverse` are its results. d is the gradient with respect to
/// `normal` on entry and with respect to x on return.
template <class N, class D>
void standardize_backward(const N& normal, typename N::Scalar inverse, D&& d) {
  using S = typename N::Scalar;
  if (d.size() == 0) return;
  const S mean = d.mean(), along = d.dot(normal) / number<S>(d.size());
  d.array() = (d.array() - mean - normal.array() * along) * inverse;
}

}}}  // namespace heed::v0_2::detail
