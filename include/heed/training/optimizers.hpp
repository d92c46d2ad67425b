#pragma once

#include <heed/core/parameters.hpp>
#include <heed/core/settings.hpp>
#include <heed/kernels/packets.hpp>

#include <cmath>

namespace heed { inline namespace v0_2 {

/// Factor of gradient clipping for a gradient with the global norm `norm`: min(1, maximum / (norm + 1e-6)), as in
/// PyTorch. If `maximum` is 0, the factor is 1. Throws heed::Error if `maximum` is negative or not finite.
inline double clip_factor(double norm, double maximum) {
  detail::check_not_negative("clip_factor", "maximum norm", maximum);
  return maximum > 0 && norm + 1e-6 > maximum ? maximum / (norm + 1e-6) : 1;
}

/// Clips a gradient to the global norm `maximum` (0: no clipping). Returns its norm before clipping.
template <Part P>
double clip_by_global_norm(P& grad, double maximum) {
  const double norm = std::sqrt(squared_norm(grad)), factor = clip_factor(norm, maximum);
  if (factor < 1) scale(grad, static_cast<typename P::Scalar>(factor));
  return norm;
}

// An optimizer changes a model by `update`. If threads share the work, call `begin_update` once, then `update_share`
// for each share.
//
// | call                                       | meaning                                               |
// |--------------------------------------------|-------------------------------------------------------|
// | `update(model, grad)`                      | one step of the whole model. Does not allocate        |
// | `begin_update()`                           | once before the shares of a step                      |
// | `update_share(model, grad, share, factor)` | one share of a step, with the gradient times `factor` |
// | `rate`                                     | the learning rate of the next step                    |
// | `constructor`                              | makes a zero state for a model of this structure      |
//
// Constructor, `update` and `begin_update` throw heed::Error if a setting is out of range, and then change nothing.

/// Stochastic gradient descent with momentum, as in PyTorch: v = momentum v + d, x -= rate v.
template <Part Model>
struct Sgd {
  double rate, momentum;  ///< as in the equations above
  Model velocity;         ///< v

  explicit Sgd(const Model& model, double rate_ = 0.1, double momentum_ = 0)
      : rate(rate_), momentum(momentum_), velocity(zeros_like(model)) {
    check();
  }

  void update(Model& model, const Model& grad) {
    begin_update();
    update_share(model, grad, {});
  }
  void begin_update() { check(); }
  void update_share(Model& model, const Model& grad, Share share, double factor = 1) {
    for_each_parameter(
        [&](const ParameterName&, auto& x_all, auto& v_all, const auto& d_all) {
          using S = typename std::remove_reference_t<decltype(x_all)>::Scalar;
          auto x = share_of(x_all, share), v = share_of(v_all, share);
          v = static_cast<S>(momentum) * v + share_of(d_all, share) * static_cast<S>(factor);
          x -= static_cast<S>(rate) * v;
        },
        model, velocity, grad);
  }

 private:
  void check() const {
    detail::check_not_negative("Sgd", "learning rate", rate);
    detail::check_not_negative("Sgd", "momentum", momentum);
  }
};

/// Adam (Kingma & Ba 2015, algorithm 1), with epsilon outside the bias-corrected root, as in PyTorch.
///
///     m = beta1 m + (1 - beta1) d        x -= rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
///     v = beta2 v + (1 - beta2) d^2
///
/// With a weight decay it is AdamW (Loshchilov & Hutter 2019, algorithm 2), as in PyTorch: every update begins with
/// x = (1 - rate decay) x, which does not change m and v.
template <Part Model>
struct Adam {
  double rate, beta1, beta2, epsilon, decay;  ///< as in the equations above
  Model first, second;                        ///< m and v
  long updates = 0;                           ///< t

  explicit Adam(const Model& model, double rate_ = 1e-3, double beta1_ = 0.9, double beta2_ = 0.999,
                double epsilon_ = 1e-8, double decay_ = 0)
      : rate(rate_),
        beta1(beta1_),
        beta2(beta2_),
        epsilon(epsilon_),
        decay(decay_),
        first(zeros_like(model)),
        second(zeros_like(model)) {
    check();
  }

  void update(Model& model, const Model& grad) {
    begin_update();
    update_share(model, grad, {});
  }
  void begin_update() {
    check();
    ++updates;
  }
  void update_share(Model& model, const Model& grad, Share share, double factor = 1) {
    const double t = static_cast<double>(updates);
    const double step = rate / (1 - std::pow(beta1, t)), correction = 1 / std::sqrt(1 - std::pow(beta2, t));
    for_each_parameter(
        [&](const ParameterName&, auto& x_all, auto& m_all, auto& v_all, const auto& d_all) {
          using S = typename std::remove_reference_t<decltype(x_all)>::Scalar;
          const auto number = [](double y) { return detail::Numbers<S>::all(static_cast<S>(y)); };
          const auto scale = number(factor), b1 = number(beta1), c1 = number(1 - beta1), b2 = number(beta2),
                     c2 = number(1 - beta2), root = number(correction), apart = number(epsilon), down = number(-step),
                     kept = number(1 - rate * decay);
          const auto d_share = share_of(d_all, share);
          // One pass over all arrays: a large model does not fit the cache, so each pass reads it from memory.
          const auto step_of_packet = [&](auto& x, auto& m, auto& v, const auto& d) {
            const auto scaled = scale * d;
            m = b1 * m + c1 * scaled;
            v = b2 * v + c2 * (scaled * scaled);
            x = kept * x + down * (m / (sqrt(v) * root + apart));
          };
          detail::transform_arrays<S>(d_share.size(), step_of_packet, share_of(x_all, share).data(),
                                      share_of(m_all, share).data(), share_of(v_all, share).data(), d_share.data());
        },
        model, first, second, grad);
  }

 private:
  void check() const {
    detail::check_not_negative("Adam", "learning rate", rate);
    detail::check_below_one("Adam", "beta1", beta1);
    detail::check_below_one("Adam", "beta2", beta2);
    detail::check_not_negative("Adam", "epsilon", epsilon);
    detail::check_not_negative("Adam", "weight decay", decay);
  }
};

/// Adadelta (Zeiler 2012, algorithm 1), the optimizer of Bahdanau, Cho & Bengio 2015. `rate` is as in PyTorch.
///
///     v = rho v + (1 - rho) d^2        step = sqrt(u + epsilon) / sqrt(v + epsilon) d        x -= rate step
///     u = rho u + (1 - rho) step^2     (after the step)
template <Part Model>
struct Adadelta {
  double rate, rho, epsilon;  ///< as in the equations above
  Model squares, steps;       ///< v and u

  explicit Adadelta(const Model& model, double rate_ = 1, double rho_ = 0.95, double epsilon_ = 1e-6)
      : rate(rate_), rho(rho_), epsilon(epsilon_), squares(zeros_like(model)), steps(zeros_like(model)) {
    check();
  }

  void update(Model& model, const Model& grad) {
    begin_update();
    update_share(model, grad, {});
  }
  void begin_update() { check(); }
  void update_share(Model& model, const Model& grad, Share share, double factor = 1) {
    for_each_parameter(
        [&](const ParameterName&, auto& x_all, auto& v_all, auto& u_all, const auto& d_all) {
          using S = typename std::remove_reference_t<decltype(x_all)>::Scalar;
          const auto number = [](double y) { return static_cast<S>(y); };
          auto x = share_of(x_all, share), v = share_of(v_all, share), u = share_of(u_all, share);
          const auto d = share_of(d_all, share);
          for (Index k = 0; k < d.size(); ++k) {
            using std::sqrt;
            const S slope = number(factor) * d(k);
            v(k) = number(rho) * v(k) + number(1 - rho) * slope * slope;
            const S step = sqrt(u(k) + number(epsilon)) / sqrt(v(k) + number(epsilon)) * slope;
            u(k) = number(rho) * u(k) + number(1 - rho) * step * step;
            x(k) -= number(rate) * step;
          }
        },
        model, squares, steps, grad);
  }

 private:
  void check() const {
    detail::check_not_negative("Adadelta", "learning rate", rate);
    detail::check_below_one("Adadelta", "rho", rho);
    detail::check_not_negative("Adadelta", "epsilon", epsilon);
  }
};

}}  // namespace heed::v0_2
