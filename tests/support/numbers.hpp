#pragma once

#include <heed/core/parameters.hpp>
#include <heed/core/random.hpp>

#include <algorithm>
#include <cmath>

/// A random matrix, uniform in [-reach, reach]. The values are the same on every machine.
template <class S = double>
heed::Matrix<S> random_matrix(heed::Index rows, heed::Index cols, heed::Random& random, double reach = 1) {
  heed::Matrix<S> x(rows, cols);
  for (heed::Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<S>(random.uniform(-reach, reach));
  return x;
}

/// A random matrix divided by 3. In a type wider than double, the values are not representable as double.
template <class S>
heed::Matrix<S> random_thirds(heed::Index rows, heed::Index cols, heed::Random& random, double reach = 1) {
  return random_matrix<S>(rows, cols, random, 3 * reach) / S(3);
}

template <heed::Part P>
void randomize(P& part, heed::Random& random, double reach = 1) {
  heed::for_each_parameter(
      [&](const heed::ParameterName&, auto& x) {
        using S = typename std::remove_reference_t<decltype(x)>::Scalar;
        x = random_matrix<S>(x.rows(), x.cols(), random, reach);
      },
      part);
}

/// Copies the parameters of a layer to a layer of the same structure, which may have another scalar type or fixed
/// sizes.
template <class From, class To>
void copy_parameters(const From& from, To& to) {
  heed::for_each_parameter(
      [](const heed::ParameterName&, auto& x, const auto& y) {
        using S = typename std::remove_reference_t<decltype(x)>::Scalar;
        x = y.template cast<S>();
      },
      to, from);
}

/// The largest difference between two matrices, relative to values above 1; infinite if the sizes differ or a
/// difference is NaN.
template <class A, class B>
double difference(const A& a, const B& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return HUGE_VAL;
  double most = 0;
  for (heed::Index j = 0; j < a.cols(); ++j) {
    for (heed::Index i = 0; i < a.rows(); ++i) {
      const auto x = static_cast<long double>(a(i, j)), y = static_cast<long double>(b(i, j));
      const auto apart = static_cast<double>(std::abs(x - y) / std::max(1.0L, std::abs(y)));
      if (!(apart <= most)) most = std::isnan(apart) ? HUGE_VAL : apart;
    }
  }
  return most;
}

/// The largest difference between the parameters of two layers.
template <class A, class B>
double part_difference(const A& a, const B& b) {
  double most = 0;
  heed::for_each_parameter(
      [&](const heed::ParameterName&, const auto& x, const auto& y) { most = std::max(most, difference(x, y)); }, a, b);
  return most;
}
