#pragma once

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace expressions {

/// The scalar types of the tests of the expressions; types for automatic differentiation are tested separately.
using Scalars = testing::Types<float, double, long double>;

/// The largest allowed relative difference between two computations of an expression.
template <class S>
inline constexpr double tolerance = std::is_same_v<S, float> ? 1e-5 : 1e-12;

}  // namespace expressions
