#pragma once

#include <heed/core/parameters.hpp>

#include <vector>

namespace heed::test {

/// The results of a run, which are compared bit for bit.
using Numbers = std::vector<double>;

/// Appends the size and the elements of a matrix.
template <class X>
void append(const X& x, Numbers& numbers) {
  numbers.push_back(static_cast<double>(x.rows()));
  for (Index j = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i) numbers.push_back(static_cast<double>(x(i, j)));
  }
}

/// Appends all parameters.
template <Part P>
void append_parameters(const P& part, Numbers& numbers) {
  for_each_parameter([&](const ParameterName&, const auto& x) { append(x, numbers); }, part);
}

}  // namespace heed::test
