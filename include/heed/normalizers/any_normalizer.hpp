#pragma once

#include <heed/core/variant.hpp>
#include <heed/normalizers/entmax.hpp>
#include <heed/normalizers/softmax.hpp>
#include <heed/normalizers/sparsemax.hpp>

namespace heed { inline namespace v0_2 {

/// A normaliser that is selected at run time. It models `Normalizer` itself. A default-constructed object holds
/// `Softmax`.
struct AnyNormalizer {
  std::variant<Softmax, Sparsemax, Entmax15> normalizer;  ///< the selected normaliser

  AnyNormalizer() = default;
  /// Selects a normaliser.
  template <Normalizer N>
  AnyNormalizer(N chosen) : normalizer(std::move(chosen)) {}

  /// True if the normaliser is a plain `Softmax`, so that scores can be normalised online.
  bool is_softmax() const { return std::holds_alternative<Softmax>(normalizer); }

  template <class X>
  void forward(X&& scores) const {
    std::visit([&](const auto& n) { n.forward(scores); }, normalizer);
  }
  template <class Y, class D>
  void backward(const Y& weights, D&& d) const {
    std::visit([&](const auto& n) { n.backward(weights, d); }, normalizer);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    detail::visit_alternative(visit, self.normalizer...);
  }
};

}}  // namespace heed::v0_2
