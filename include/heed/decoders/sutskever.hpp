#pragma once

#include <heed/decoders/decoder.hpp>

#include <concepts>

namespace heed { inline namespace v0_2 {

/// The sizes of a `SutskeverDecoder`, each 1 or more, and its dropout rate, in [0, 1). The features and the values of
/// the memory have the size of h.
struct SutskeverDecoderOptions {
  Index word_size = 0;    ///< rows of an embedded word
  Index hidden_size = 0;  ///< rows of h
  Index layers = 1;       ///< recurrent layers
  double dropout = 0;     ///< dropout rate between layers
};

/// The decoder of Sutskever, Vinyals & Le 2014 (arXiv 1409.3215, section 2). It does not attend. The initial state of
/// each layer is a copy of the final state of the same encoder layer.
///
///     s_0 = the encoder's final state        s_i = cell(E y_{i-1}, s_{i-1})        features_i = h_i of the top layer
///
/// The encoder must have one direction and the same number of layers, with the same cell and size. The paper uses four
/// LSTM layers, and an encoder that encodes the source in reverse order (`Encoder::reversed`). It cites the LSTM of
/// Graves 2013, which has peephole connections; `LstmCell` has none.
template <Cell C>
struct SutskeverDecoder {
  using Scalar = typename C::Scalar;
  using S = Scalar;

  Stack<C> stack;    ///< the recurrent layers
  Bridge<S> bridge;  ///< copies the final states of the encoder

  SutskeverDecoder() = default;

  /// Constructs each cell as C(input, hidden). Throws heed::Error unless every size is 1 or more and the rate is in
  /// [0, 1).
  explicit SutskeverDecoder(const SutskeverDecoderOptions& options) requires std::constructible_from<C, Index, Index>
      : SutskeverDecoder(options, detail::MakeCell<C>()) {}

  /// Constructs each cell as make(input, hidden), for cells with other constructor arguments.
  template <class MakeCell>
  SutskeverDecoder(const SutskeverDecoderOptions& options, MakeCell&& make)
      : stack(stack_options(options), make), bridge(Bridge<S>::copying(stack.bottom().state_size(), options.layers)) {}

  Index word_size() const { return stack.bottom().input_size(); }
  Index feature_size() const { return stack.hidden_size(); }
  Index memory_size() const { return stack.hidden_size(); }

  void prepare(Memory<S>&) const {}

  void start(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape) const {
    detail::check_start("SutskeverDecoder.start", bridge, stack, memory, state.sentences);
    bridge.forward(memory, state.sentences, tape.summaries, state.layers);
    state.feed.resize(0, state.columns());
    state.carry.resize(0, state.columns());
  }

  void forward(const In<S>& x, const Steps& steps, const Memory<S>&, DecoderState<S>& state, DecoderTape<S>& tape,
               RandomStreams random) const {
    detail::check_forward("SutskeverDecoder.forward", stack, word_size(), 0, x, steps, state);
    stack.begin(x.cols(), tape.stack);
    tape.attention.weights.resize(0, x.cols());
    stack.bottom().project(x, tape.stack.layers.front().saved);
    for (Index t = 0; t < steps.count(); ++t) {
      stack.step(tape.stack, steps.first(t), steps.active(t), state.layers, random);
    }
    tape.features.assign(tape.stack.top().outputs);
  }

  void backward(const In<S>& x, const Steps& steps, const Memory<S>& memory, const DecoderState<S>& state,
                DecoderTape<S>& tape, SutskeverDecoder& grad, Out<S> d_x, Memory<S>& d_memory,
                RandomStreams random) const {
    detail::check_backward("SutskeverDecoder.backward", *this, x, steps, memory, state, tape, d_x, d_memory);
    stack.begin_backward(x.cols(), state.columns(), tape.stack);
    tape.stack.top().d_outputs.assign(tape.d_features);  // was: features = outputs
    for (Index t = steps.count(); t-- > 0;) {
      stack.step_backward(tape.stack, steps.first(t), steps.active(t), random);  // was: stack.step
    }
    detail::accumulate_inputs(stack, tape.stack, x, In<S>(x.topRows(0)), grad.stack, d_x);
    detail::bridge_backward(bridge, state, tape, grad.bridge, d_memory);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("stack", self.stack...);
    visit("bridge", self.bridge...);
  }

 private:
  /// Throws heed::Error unless every size is 1 or more.
  static StackOptions stack_options(const SutskeverDecoderOptions& options) {
    detail::check_options(
        "SutskeverDecoder",
        {{"word_size", options.word_size}, {"hidden_size", options.hidden_size}, {"layers", options.layers}});
    return {.input_size = options.word_size,
            .hidden_size = options.hidden_size,
            .layers = options.layers,
            .dropout = options.dropout};
  }
};

}}  // namespace heed::v0_2
