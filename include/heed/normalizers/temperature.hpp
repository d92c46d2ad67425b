#pragma once

#include <heed/layers/activations.hpp>
#include <heed/normalizers/normalizer.hpp>

#include <limits>
#include <string>
#include <type_traits>

namespace heed { inline namespace v0_2 {

/// Softmax with a temperature: Hinton, Vinyals & Dean 2015, equation 1.
///
///     weights = softmax(scores / temperature)
///
/// Below 1 the weights are sharper, above 1 flatter. At 1 they equal those of `Softmax` bit for bit.
struct TemperatureSoftmax {
  double temperature = 1;  ///< divisor of the scores

  TemperatureSoftmax() = default;
  /// Throws heed::Error unless the temperature is above 0 and finite, also as a float.
  explicit TemperatureSoftmax(double temperature_) : temperature(temperature_) {
    using Float = std::numeric_limits<float>;
    require(temperature >= double{Float::min()} && temperature <= double{Float::max()}, [&] {
      return "TemperatureSoftmax: the temperature must be above 0 and finite, got " + std::to_string(temperature);
    });
  }

  /// The highest score is subtracted before the division, so the quotients cannot overflow. If the temperature is 2 or
  /// more, the scores are halved first, so that the difference of two finite scores is finite. Scores of -inf and NaN
  /// have the same effect as in `softmax`.
  template <class X>
  void forward(X&& scores) const {
    using S = typename std::remove_reference_t<X>::Scalar;
    using Numbers = detail::Numbers<S>;
    if (scores.rows() == 0) return;
    for (Index i = 0; i < scores.cols(); ++i) {
      auto column = scores.col(i);
      const S highest = detail::SoftmaxColumn<S>(column.data(), column.rows()).largest();
      const S half = temperature < 2 ? S(1) : S(0.5);
      const auto factor = Numbers::all(half), shift = Numbers::all(S(-highest * half)),
                 divisor = Numbers::all(S(static_cast<S>(temperature) * half));
      detail::transform(column, [&](const auto& x) { return multiply_add(x, factor, shift) / divisor; });
    }
    softmax(scores);
  }
  template <class Y, class D>
  void backward(const Y& weights, D&& d) const {
    detail::check_like("TemperatureSoftmax.backward", "d", d, weights);
    softmax_backward(weights, d);
    d /= static_cast<typename Y::Scalar>(temperature);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("temperature", self.temperature...);
  }
};

}}  // namespace heed::v0_2
