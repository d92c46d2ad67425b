#pragma once

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace expressions {

/// The scalars that the equations are tested in, besides those that differentiate.
using Scalars = testing::Types<float, double, long double>;

/// The largest relative difference between two ways to compute an equation.
template <class S>
inline constexpr double tolerance = std::is_same_v<S, float> ? 1e-5 : 1e-12;

}  // namespace expressions
