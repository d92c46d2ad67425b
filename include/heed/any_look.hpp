#pragma once

#include <heed/attention.hpp>
#include <heed/local_attention.hpp>
#include <heed/monotonic_attention.hpp>
#include <heed/variant.hpp>

#include <utility>

namespace heed::inline v0_1 {

/// A look chosen at run time, which itself models `Look`: at all words, at those around a place, or ever onwards.
template <class ScorerType, class NormalizerType = Softmax>
struct AnyLook {
  using Scalar = typename ScorerType::Scalar;
  using S = Scalar;

  std::variant<Attention<ScorerType, NormalizerType>, LocalAttention<ScorerType, StepPosition<S>>,
               LocalAttention<ScorerType, PredictedPosition<S>>, MonotonicAttention<ScorerType>>
      look;  ///< the one that was chosen

  AnyLook() = default;
  /// Holds this one from here on.
  template <Look L>
  AnyLook(L chosen) : look(std::move(chosen)) {}

  void check(Index query_size, Index memory_size) const {
    std::visit([&](const auto& l) { l.check(query_size, memory_size); }, look);
  }
  void prepare(Memory<S>& memory) const {
    std::visit([&](const auto& l) { l.prepare(memory); }, look);
  }
  void start(const Memory<S>& memory, std::span<const Index> sentences, Buffer<S>& carry) const {
    std::visit([&](const auto& l) { l.start(memory, sentences, carry); }, look);
  }
  void begin(const Memory<S>& memory, Index columns, LookTape<S>& tape) const {
    std::visit([&](const auto& l) { l.begin(memory, columns, tape); }, look);
  }
  void forward(const In<S>& queries, const Memory<S>& memory, std::span<const Index> sentences, Out<S> carry,
               LookTape<S>& tape, Index first, RandomStreams random = nullptr) const {
    std::visit([&](const auto& l) { l.forward(queries, memory, sentences, carry, tape, first, random); }, look);
  }
  void begin_backward(Index sentences, LookTape<S>& tape) const {
    std::visit([&](const auto& l) { l.begin_backward(sentences, tape); }, look);
  }
  void backward(const Memory<S>& memory, std::span<const Index> sentences, LookTape<S>& tape, Index first,
                AnyLook& grad, Out<S> d_queries, Memory<S>& d_memory) const {
    std::visit(
        [&](const auto& l) {
          l.backward(memory, sentences, tape, first, detail::same(l, grad.look), d_queries, d_memory);
        },
        look);
  }
  void accumulate(const In<S>& queries, const LookTape<S>& tape, AnyLook& grad) const {
    std::visit([&](const auto& l) { l.accumulate(queries, tape, detail::same(l, grad.look)); }, look);
  }
  void prepare_backward(const Memory<S>& memory, Memory<S>& d_memory, AnyLook& grad) const {
    std::visit([&](const auto& l) { l.prepare_backward(memory, d_memory, detail::same(l, grad.look)); }, look);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    detail::visit_alternative(visit, self.look...);
  }
};

}  // namespace heed::inline v0_1
