#pragma once

#include <heed/core/variant.hpp>
#include <heed/decoders/attentional_decoder.hpp>
#include <heed/decoders/cho.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/decoders/plain.hpp>
#include <heed/decoders/sutskever.hpp>

namespace heed { inline namespace v0_2 {

/// A decoder that is selected at run time. It models `Decoder`.
///
/// The alternatives are the architectures of Bahdanau and Luong with any attention mechanism, and the decoders without
/// attention. A default-constructed object holds an empty `PlainDecoder`. `backward` throws heed::Error if grad holds
/// another type: create it with `zeros_like(model)`.
template <Cell C, AttentionMechanism AttentionType>
struct AnyDecoder {
  using Scalar = typename C::Scalar;
  using S = Scalar;

  std::variant<PlainDecoder<C>, ContextDecoder<C, AttentionType>, AttentionalDecoder<C, AttentionType>, ChoDecoder<S>,
               SutskeverDecoder<C>>
      decoder;  ///< the selected decoder

  AnyDecoder() = default;
  /// Selects this decoder.
  template <Decoder D>
  AnyDecoder(D chosen) : decoder(std::move(chosen)) {}

  Index word_size() const {
    return std::visit([](const auto& d) { return d.word_size(); }, decoder);
  }
  Index feature_size() const {
    return std::visit([](const auto& d) { return d.feature_size(); }, decoder);
  }
  Index memory_size() const {
    return std::visit([](const auto& d) { return d.memory_size(); }, decoder);
  }

  void prepare(Memory<S>& memory) const {
    std::visit([&](const auto& d) { d.prepare(memory); }, decoder);
  }
  void start(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape) const {
    std::visit([&](const auto& d) { d.start(memory, state, tape); }, decoder);
  }
  void forward(const In<S>& x, const Steps& steps, const Memory<S>& memory, DecoderState<S>& state,
               DecoderTape<S>& tape, RandomStreams random) const {
    std::visit([&](const auto& d) { d.forward(x, steps, memory, state, tape, random); }, decoder);
  }
  void backward(const In<S>& x, const Steps& steps, const Memory<S>& memory, const DecoderState<S>& state,
                DecoderTape<S>& tape, AnyDecoder& grad, Out<S> d_x, Memory<S>& d_memory, RandomStreams random) const {
    std::visit(
        [&](const auto& d) {
          d.backward(x, steps, memory, state, tape, detail::same(d, grad.decoder), d_x, d_memory, random);
        },
        decoder);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    detail::visit_alternative(visit, self.decoder...);
  }
};

}}  // namespace heed::v0_2
