#pragma once

#include <heed/core/variant.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/concat.hpp>
#include <heed/scorers/convolutional.hpp>
#include <heed/scorers/coverage.hpp>
#include <heed/scorers/dot.hpp>
#include <heed/scorers/general.hpp>
#include <heed/scorers/location.hpp>
#include <heed/scorers/normed_additive.hpp>
#include <heed/scorers/scaled_dot.hpp>
#include <heed/scorers/scaled_general.hpp>

namespace heed { inline namespace v0_2 {

/// A scorer that is selected at run time. It models `Scorer` itself. Error messages name the selected scorer. It holds
/// one of the types of `scorer` below; a default-constructed object holds an empty `DotScorer`.
///
/// Functions that take grad throw heed::Error if it holds another type: create it with `zeros_like(model)`.
template <class S>
struct AnyScorer {
  using Scalar = S;

  std::variant<DotScorer<S>, GeneralScorer<S>, AdditiveScorer<S>, ConcatScorer<S>, ScaledDotScorer<S>,
               ScaledGeneralScorer<S>, NormedAdditiveScorer<S>, LocationScorer<S>, CoverageScorer<S>,
               ConvolutionalScorer<S>>
      scorer;  ///< the selected scorer

  AnyScorer() = default;
  /// Selects a scorer.
  template <Scorer C>
  AnyScorer(C chosen) : scorer(std::move(chosen)) {}

  Index query_size() const {
    return std::visit([](const auto& c) { return c.query_size(); }, scorer);
  }
  Index memory_size() const {
    return std::visit([](const auto& c) { return c.memory_size(); }, scorer);
  }
  Index key_size() const {
    return std::visit([](const auto& c) { return detail::keys_of(c).key_size(); }, scorer);
  }
  Index projected_size() const {
    return std::visit([](const auto& c) { return detail::queries_of(c).projected_size(); }, scorer);
  }

  Carried carried() const {
    return std::visit([](const auto& c) { return detail::carried(c); }, scorer);
  }
  bool depends_on_position() const {
    return std::visit([](const auto& c) { return detail::depends_on_position(c); }, scorer);
  }

  void keys(const In<S>& values, Out<S> keys) const {
    std::visit([&](const auto& c) { detail::keys_of(c).keys(values, keys); }, scorer);
  }
  void project(const In<S>& queries, Out<S> projected) const {
    std::visit([&](const auto& c) { detail::queries_of(c).project(queries, projected); }, scorer);
  }
  /// Computes scores(j, i), T x n. `carry` has no rows if `carried()` is `Carried::nothing`.
  void score(const In<S>& projected, const In<S>& keys, const In<S>& carry, Out<S> scores, Buffer<S>& scratch) const {
    std::visit([&](const auto& c) { detail::score<S>(c, projected, keys, carry, scores, scratch); }, scorer);
  }
  void score_backward(const In<S>& projected, const In<S>& keys, const In<S>& carry, const In<S>& d_scores,
                      AnyScorer& grad, Out<S> d_projected, Out<S> d_keys, Out<S> d_carry, Buffer<S>& scratch) const {
    std::visit(
        [&](const auto& c) {
          detail::score_backward<S>(c, projected, keys, carry, d_scores, detail::same(c, grad.scorer), d_projected,
                                    d_keys, d_carry, scratch);
        },
        scorer);
  }
  void project_backward(const In<S>& d_projected, Out<S> d_queries) const {
    std::visit([&](const auto& c) { detail::queries_of(c).project_backward(d_projected, d_queries); }, scorer);
  }
  void accumulate(const In<S>& queries, const In<S>& d_projected, AnyScorer& grad) const {
    std::visit(
        [&](const auto& c) { detail::queries_of(c).accumulate(queries, d_projected, detail::same(c, grad.scorer)); },
        scorer);
  }
  void keys_backward(const In<S>& values, const In<S>& d_keys, AnyScorer& grad, Out<S> d_values) const {
    std::visit(
        [&](const auto& c) {
          detail::keys_of(c).keys_backward(values, d_keys, detail::same(c, grad.scorer), d_values);
        },
        scorer);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    detail::visit_alternative(visit, self.scorer...);
  }
};

}}  // namespace heed::v0_2
