#pragma once

#include <heed/core/parameters.hpp>
#include <heed/core/settings.hpp>

#include <cmath>

namespace heed { inline namespace v0_2 {

/// Exponential moving average of a model's parameters. It is often the better model (Polyak & Juditsky 1992), so it is
/// evaluated and saved instead of the trained model.
///
///     a_t = sum_i decay^(t-i) x_i / sum_i decay^(t-i),  i = 1 ... t
///
/// This is the bias-corrected form (Kingma & Ba 2015, section 7.2): after one update it equals the trained model, for
/// any decay.
template <Part Model>
struct MovingAverage {
  double decay;      ///< decay rate, in [0, 1)
  Model model;       ///< a; before the first update, a copy of the model given to the constructor
  long updates = 0;  ///< t

  /// Throws heed::Error unless the decay is in [0, 1).
  explicit MovingAverage(const Model& start, double decay_ = 0.999) : decay(decay_), model(start) {
    detail::check_below_one("MovingAverage", "decay", decay);
  }

  /// Updates the average by the current parameters x of the trained model:  a += (1 - decay) / (1 - decay^t) (x - a).
  void update(const Model& latest) {
    detail::check_below_one("MovingAverage", "decay", decay);
    ++updates;
    const double weight = (1 - decay) / (1 - std::pow(decay, static_cast<double>(updates)));
    for_each_parameter(
        [&](const ParameterName&, auto& a, const auto& x) {
          using S = typename std::remove_reference_t<decltype(a)>::Scalar;
          a += static_cast<S>(weight) * (x - a);
        },
        model, latest);
  }
};

}}  // namespace heed::v0_2
