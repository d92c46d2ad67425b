#pragma once

#include <heed/parameters.hpp>

#include <cmath>

namespace heed::inline v0_1 {

/// Scales a gradient so that its global norm is at most `maximum`, by min(1, maximum / (norm + 1e-6)) as PyTorch does.
/// Returns the norm before. Does nothing but measure if `maximum` is 0.
template <Part P>
double clip_by_global_norm(P& grad, double maximum) {
  const double norm = std::sqrt(squared_norm(grad));
  if (maximum > 0 && norm + 1e-6 > maximum) {
    const double factor = maximum / (norm + 1e-6);
    for_each_parameter(
        [&](const ParameterName&, auto& d) {
          d *= static_cast<typename std::remove_reference_t<decltype(d)>::Scalar>(factor);
        },
        grad);
  }
  return norm;
}

/// Stochastic gradient descent with momentum, as PyTorch: v = momentum v + d, x -= rate v.
template <Part Model>
struct Sgd {
  double rate, momentum;
  Model velocity;

  explicit Sgd(const Model& model, double rate_ = 0.1, double momentum_ = 0)
      : rate(rate_), momentum(momentum_), velocity(zeros_like(model)) {}

  void update(Model& model, const Model& grad) {
    for_each_parameter(
        [&](const ParameterName&, auto& x, auto& v, const auto& d) {
          using S = typename std::remove_reference_t<decltype(x)>::Scalar;
          v = static_cast<S>(momentum) * v + d;
          x -= static_cast<S>(rate) * v;
        },
        model, velocity, grad);
  }
};

/// Adam (Kingma & Ba 2015, algorithm 1), epsilon outside the bias-corrected root, as PyTorch.
///
///   m = beta1 m + (1 - beta1) d        x -= rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
///   v = beta2 v + (1 - beta2) d^2
template <Part Model>
struct Adam {
  double rate, beta1, beta2, epsilon;
  Model first, second;  ///< m and v
  long updates = 0;     ///< t

  explicit Adam(const Model& model, double rate_ = 1e-3, double beta1_ = 0.9, double beta2_ = 0.999,
                double epsilon_ = 1e-8)
      : rate(rate_),
        beta1(beta1_),
        beta2(beta2_),
        epsilon(epsilon_),
        first(zeros_like(model)),
        second(zeros_like(model)) {}

  void update(Model& model, const Model& grad) {
    ++updates;
    const double t = static_cast<double>(updates);
    const double first_correction = 1 - std::pow(beta1, t), second_correction = 1 - std::pow(beta2, t);
    for_each_parameter(
        [&](const ParameterName&, auto& x, auto& m, auto& v, const auto& d) {
          using S = typename std::remove_reference_t<decltype(x)>::Scalar;
          m.array() = static_cast<S>(beta1) * m.array() + static_cast<S>(1 - beta1) * d.array();
          v.array() = static_cast<S>(beta2) * v.array() + static_cast<S>(1 - beta2) * d.array().square();
          x.array() -= static_cast<S>(rate / first_correction) * m.array() /
                       ((v.array() / static_cast<S>(second_correction)).sqrt() + static_cast<S>(epsilon));
        },
        model, first, second, grad);
  }
};

}  // namespace heed::inline v0_1
