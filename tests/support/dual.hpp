#pragma once

#include <heed/core/parameters.hpp>

#include <cmath>
#include <compare>
#include <type_traits>

/// A dual number: a value and its derivative in one direction. Computations with it are differentiated exactly. The
/// only interface to heed is `Eigen::NumTraits`.
struct Dual {
  using Real = long double;

  Real value = 0, slope = 0;

  Dual() = default;
  template <class N>
  requires std::is_arithmetic_v<N> Dual(N value_,
                                        Real slope_ = 0)  // NOLINT: implicit, like conversions between arithmetic types
      : value(static_cast<Real>(value_)), slope(slope_) {}

  explicit operator Real() const { return value; }

  friend Dual operator+(const Dual& a, const Dual& b) { return {a.value + b.value, a.slope + b.slope}; }
  friend Dual operator-(const Dual& a, const Dual& b) { return {a.value - b.value, a.slope - b.slope}; }
  friend Dual operator*(const Dual& a, const Dual& b) {
    return {a.value * b.value, a.slope * b.value + a.value * b.slope};
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    return {a.value / b.value, (a.slope - a.value / b.value * b.slope) / b.value};
  }
  friend Dual operator-(const Dual& a) { return {-a.value, -a.slope}; }
  friend Dual& operator+=(Dual& a, const Dual& b) { return a = a + b; }
  friend Dual& operator-=(Dual& a, const Dual& b) { return a = a - b; }
  friend Dual& operator*=(Dual& a, const Dual& b) { return a = a * b; }
  friend Dual& operator/=(Dual& a, const Dual& b) { return a = a / b; }
  friend auto operator<=>(const Dual& a, const Dual& b) { return a.value <=> b.value; }
  friend bool operator==(const Dual& a, const Dual& b) { return a.value == b.value; }

  friend Dual exp(const Dual& x) { return {std::exp(x.value), std::exp(x.value) * x.slope}; }
  friend Dual log(const Dual& x) { return {std::log(x.value), x.slope / x.value}; }
  friend Dual sqrt(const Dual& x) { return {std::sqrt(x.value), x.slope / (2 * std::sqrt(x.value))}; }
  friend Dual tanh(const Dual& x) {
    return {std::tanh(x.value), (1 - std::tanh(x.value) * std::tanh(x.value)) * x.slope};
  }
  friend Dual abs(const Dual& x) { return x.value < 0 ? -x : x; }
};

template <>
struct Eigen::NumTraits<Dual> : NumTraits<long double> {
  using Real = Dual;
  using NonInteger = Dual;
  using Nested = Dual;
};

namespace typed {

/// The slopes of the elements of a matrix.
inline heed::Matrix<long double> slopes(const heed::Matrix<Dual>& y) {
  return y.unaryExpr([](const Dual& number) { return number.slope; });
}

/// dy/dx of y = f(x), where x and y are vectorized column by column.
template <class F>
heed::Matrix<long double> jacobian(const heed::Matrix<Dual>& x, const F& f) {
  heed::Matrix<long double> result(f(x).size(), x.size());
  heed::Matrix<Dual> moved = x;
  for (heed::Index k = 0; k < x.size(); ++k) {
    moved.data()[k].slope = 1;
    result.col(k) = slopes(f(moved)).reshaped();
    moved.data()[k].slope = 0;
  }
  return result;
}

}  // namespace typed
