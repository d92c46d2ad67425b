#pragma once

#include <heed/core/parameters.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace heed { inline namespace v0_2 {

/// The worst disagreement between analytic and numeric gradients.
struct GradientCheck {
  double error = 0;                  ///< largest |analytic - numeric| / max(1, |analytic|)
  std::string name;                  ///< of the parameter (or input) where it occurred
  Index place = -1;                  ///< coefficient, in storage order
  double analytic = 0, numeric = 0;  ///< the two that disagree
  Index checked = 0;                 ///< how many derivatives were compared
};

/// Compares dL/dx, `analytic`, with central differences (L(x + h) - L(x - h)) / 2h of `loss()`, which must read x anew.
/// Every coefficient of x is varied and restored.
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
          std::isnan(apart) ? std::numeric_limits<double>::infinity() : apart;  // which no later one covers up
      ++check.checked;
      if (error > check.error) check = {error, name, place, exact, numeric, check.checked};
    }
  }
}

/// The same for every parameter of a part, whose gradient is `grad`.
template <Part P, class Loss>
GradientCheck check_gradients(P& part, const P& grad, const Loss& loss, double h = 1e-5) {
  GradientCheck check;
  for_each_parameter(
      [&](const ParameterName& name, auto& x, const auto& d) { check_gradient(name.str(), x, d, loss, check, h); },
      part, grad);
  return check;
}

}}  // namespace heed::v0_2
