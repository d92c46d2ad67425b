#pragma once

#include <heed/decoders/attentional_decoder.hpp>
#include <heed/decoders/cho.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/decoders/plain.hpp>
#include <heed/decoders/sutskever.hpp>
#include <heed/variant.hpp>

namespace heed::inline v0_1 {

/// A decoder chosen at run time, which itself models `Decoder`: Bahdanau's wiring or Luong's with any look, or one of
/// those that look at nothing.
template <Cell C, Look LookType>
struct AnyDecoder {
  using Scalar = typename C::Scalar;
  using S = Scalar;

  std::variant<PlainDecoder<C>, ContextDecoder<C, LookType>, AttentionalDecoder<C, LookType>, ChoDecoder<S>,
               SutskeverDecoder<C>>
      decoder;  ///< the one that was chosen

  AnyDecoder() = default;
  /// Holds this one from here on.
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
  void begin(const In<S>& x, const Memory<S>& memory, DecoderTape<S>& tape) const {
    std::visit([&](const auto& d) { d.begin(x, memory, tape); }, decoder);
  }
  void step(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
            RandomStreams random) const {
    std::visit([&](const auto& d) { d.step(memory, state, tape, first, n, random); }, decoder);
  }
  void finish(const In<S>& x, DecoderTape<S>& tape) const {
    std::visit([&](const auto& d) { d.finish(x, tape); }, decoder);
  }
  void finish_backward(const In<S>& x, const DecoderState<S>& state, DecoderTape<S>& tape, AnyDecoder& grad,
                       Out<S> d_x) const {
    std::visit([&](const auto& d) { d.finish_backward(x, state, tape, detail::same(d, grad.decoder), d_x); }, decoder);
  }
  void step_backward(const Memory<S>& memory, const DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
                     AnyDecoder& grad, Memory<S>& d_memory, RandomStreams random) const {
    std::visit(
        [&](const auto& d) {
          d.step_backward(memory, state, tape, first, n, detail::same(d, grad.decoder), d_memory, random);
        },
        decoder);
  }
  void begin_backward(const In<S>& x, const DecoderTape<S>& tape, AnyDecoder& grad, Out<S> d_x) const {
    std::visit([&](const auto& d) { d.begin_backward(x, tape, detail::same(d, grad.decoder), d_x); }, decoder);
  }
  void start_backward(const DecoderState<S>& state, DecoderTape<S>& tape, AnyDecoder& grad, Memory<S>& d_memory) const {
    std::visit([&](const auto& d) { d.start_backward(state, tape, detail::same(d, grad.decoder), d_memory); }, decoder);
  }
  void prepare_backward(const Memory<S>& memory, Memory<S>& d_memory, AnyDecoder& grad) const {
    std::visit([&](const auto& d) { d.prepare_backward(memory, d_memory, detail::same(d, grad.decoder)); }, decoder);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    detail::visit_alternative(visit, self.decoder...);
  }
};

}  // namespace heed::inline v0_1
