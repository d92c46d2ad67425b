#pragma once

#include <heed/core/parameters.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace heed { inline namespace v0_2 {

/// The largest difference between analytic and numeric gradients.
struct GradientCheck {
  double error = 0;                  ///< largest |analytic - numeric| / max(1, |analytic|)
  std::string name;                  ///< parameter (or input) with the largest error
  Index place = -1;                  ///< index of its coefficient, in storage order
  double analytic = 0, numeric = 0;  ///< both derivatives with respect to that coefficient
  Index checked = 0;                 ///< number of derivatives compared
};

/// Compares dL/dx, `analytic`, with central differences (L(x + h) - L(x - h)) / 2h. `loss()` must compute L from the
/// current values of x. Every coefficient of x is varied and restored. Updates `check`.
template <class X, class D, class Loss>
void check_gradient(const std::string& name, X&& x, const D& analytic, const Loss& loss, GradientCheck& check,
                    double h = 1e-5) {
  for (Index j = 0, place = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i, ++place) {
      const auto kept = x(i, j);
      x(i, j) = kept + h;
      const auto above = loss();
      x(i, j) = kept - h;
      const auto below = loss();
      x(i, j) = kept;
      const double numeric = static_cast<double>((above - below) / (2 * h)),
                   exact = static_cast<double>(analytic(i, j));
      const double apart = std::abs(exact - numeric) / std::max(1.0, std::abs(exact));
      const double error =
          std::isnan(apart) ? std::numeric_limits<double>::infinity() : apart;  // NaN counts as the largest error
      ++check.checked;
      if (error > check.error) check = {error, name, place, exact, numeric, check.checked};
    }
  }
}

/// Compares the gradient `grad` with central differences of `loss()` for every parameter of a part.
template <Part P, class Loss>
GradientCheck check_gradients(P& part, const P& grad, const Loss& loss, double h = 1e-5) {
  GradientCheck check;
  for_each_parameter(
      [&](const ParameterName& name, auto& x, const auto& d) { check_gradient(name.str(), x, d, loss, check, h); },
      part, grad);
  return check;
}

}}  // namespace heed::v0_2
