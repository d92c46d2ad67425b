#pragma once

#include <heed/attention/attention.hpp>
#include <heed/attention/local.hpp>
#include <heed/attention/monotonic.hpp>
#include <heed/core/variant.hpp>

#include <utility>

namespace heed { inline namespace v0_2 {

/// An attention mechanism that is selected at run time. It models `AttentionMechanism`.
///
/// The alternatives are global attention, local attention (local-m and local-p) and monotonic attention. A
/// default-constructed object holds global attention. `backward` and `finish_backward` throw heed::Error if grad holds
/// another type: create it with `zeros_like(model)`.
template <class ScorerType, class NormalizerType = Softmax>
struct AnyAttention {
  using Scalar = typename ScorerType::Scalar;
  using S = Scalar;

  std::variant<Attention<ScorerType, NormalizerType>, LocalAttention<ScorerType, StepPosition<S>>,
               LocalAttention<ScorerType, PredictedPosition<S>>, MonotonicAttention<ScorerType>>
      chosen;  ///< the selected mechanism

  AnyAttention() = default;
  /// Selects this mechanism.
  template <AttentionMechanism A>
  AnyAttention(A attention) : chosen(std::move(attention)) {}

  AttentionSizes sizes(Index longest) const {
    return std::visit([&](const auto& a) { return a.sizes(longest); }, chosen);
  }
  void prepare(Memory<S>& memory) const {
    std::visit([&](const auto& a) { a.prepare(memory); }, chosen);
  }
  void forward(const In<S>& queries, const Memory<S>& memory, std::span<const Index> sentences, Out<S> carry,
               AttentionTape<S>& tape, Index first, RandomStreams random = nullptr) const {
    std::visit([&](const auto& a) { a.forward(queries, memory, sentences, carry, tape, first, random); }, chosen);
  }
  void backward(const Memory<S>& memory, std::span<const Index> sentences, AttentionTape<S>& tape, Index first,
                AnyAttention& grad, Out<S> d_queries, Memory<S>& d_memory) const {
    std::visit(
        [&](const auto& a) {
          a.backward(memory, sentences, tape, first, detail::same(a, grad.chosen), d_queries, d_memory);
        },
        chosen);
  }
  void finish_backward(const In<S>& queries, const Memory<S>& memory, const AttentionTape<S>& tape, AnyAttention& grad,
                       Memory<S>& d_memory) const {
    std::visit([&](const auto& a) { a.finish_backward(queries, memory, tape, detail::same(a, grad.chosen), d_memory); },
               chosen);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    detail::visit_alternative(visit, self.chosen...);
  }
};

}}  // namespace heed::v0_2
