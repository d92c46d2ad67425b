#pragma once

#include <heed/core/parameters.hpp>
#include <heed/core/settings.hpp>

#include <cmath>

namespace heed { inline namespace v0_2 {

/// The exponential moving average of a model's parameters, which is often the better model (Polyak & Juditsky 1992). Kept
/// beside the model that learns, to be evaluated and saved in its place:
///
///   a_t = sum_i decay^(t-i) x_i / sum_i decay^(t-i),  i = 1 ... t
///
/// the bias-corrected form (Kingma & Ba 2015, section 7.2): after one update it is the model itself, whatever the decay.
template <Part Model>
struct MovingAverage {
  double decay;      ///< in [0, 1): how much of the average an update leaves
  Model model;       ///< a: before the first update, what the average was made from
  long updates = 0;  ///< t

  /// Throws unless the decay lies in [0, 1).
  explicit MovingAverage(const Model& start, double decay_ = 0.999) : decay(decay_), model(start) {
    detail::check_below_one("MovingAverage", "decay", decay);
  }

  /// Takes in the model as it is now:  a += (1 - decay) / (1 - decay^t) (x - a).
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
