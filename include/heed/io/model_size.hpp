#pragma once

#include <heed/core/types.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// A size of a model. The number of parameters is a polynomial in this size, of degree 1 or 2.
struct SizeOf {
  Index value;
  int degree;
};

/// Extrapolates count(sizes...), a polynomial in each of the sizes, from its values at the small sizes 2, 4 and 6.
///
/// The parameter counts of small models determine the count of a large model. When a file is loaded, the count for its
/// sizes is compared with the number of values in the file before the model is created. The result is a double, which
/// cannot overflow here.
template <class Count>
double polynomial_at(const Count& count) {
  return static_cast<double>(count());
}
template <class Count, class... Rest>
double polynomial_at(const Count& count, SizeOf size, Rest... rest) {
  const auto at = [&](Index x) { return polynomial_at([&](auto... others) { return count(x, others...); }, rest...); };
  const double k = (static_cast<double>(size.value) - 2) / 2, first = at(2), second = at(4);
  const double line = first + k * (second - first);
  return size.degree == 1 ? line : line + k * (k - 1) / 2 * (at(6) - 2 * second + first);
}

}}}  // namespace heed::v0_2::detail
