#pragma once

#include <heed/decoder_parts.hpp>

#include <concepts>

namespace heed::inline v0_1 {

/// A decoder: from a memory and the words so far to features, from which an output layer scores the next word.
///
/// | call                                          | once per  | meaning                                          |
/// |-----------------------------------------------|-----------|--------------------------------------------------|
/// | `prepare(memory)`                             | batch     | computes the keys                                |
/// | `start(memory, state, tape)`                  | batch     | first state of every column of `state.sentences` |
/// | `begin(x, memory, tape)`                      | N columns | makes room, projects the embedded previous words |
/// | `step(memory, state, tape, first, n, random)` | step      | one step of columns first ... first + n          |
/// | `finish(x, tape)`                             | N columns | what need not be done step by step: the features |
/// | `word_size()`, `feature_size()`               |           | rows of an embedded word, and of the features    |
/// | `memory_size()`                               |           | rows of a value of its memory; may be left out   |
///
/// `random` is in the order of the columns: generator i is that of sentence `state.sentences[i]`.
///
/// Each has its `_backward`, called in reverse order. Every function of heed's decoders throws `Error` if a size does not
/// fit, if the memory has no such sentence, and if a call that comes before it is missing, as far as sizes show that.
///
/// `decode`, `decode_backward` and `advance` below are the drivers.
template <class D>
concept Decoder = Part<D> &&
    requires(const D& decoder, D& grad, const Matrix<typename D::Scalar>& x, Matrix<typename D::Scalar>& d_x,
             Memory<typename D::Scalar>& memory, DecoderState<typename D::Scalar>& state,
             DecoderTape<typename D::Scalar>& tape, Index i, RandomStreams random) {
  { decoder.word_size() } -> std::convertible_to<Index>;
  { decoder.feature_size() } -> std::convertible_to<Index>;
  decoder.prepare(memory);
  decoder.start(memory, state, tape);
  decoder.begin(x, memory, tape);
  decoder.step(memory, state, tape, i, i, random);
  decoder.finish(x, tape);
  decoder.finish_backward(x, state, tape, grad, d_x);
  decoder.step_backward(memory, state, tape, i, i, grad, memory, random);
  decoder.begin_backward(x, tape, grad, d_x);
  decoder.start_backward(state, tape, grad, memory);
  decoder.prepare_backward(memory, memory, grad);
};

/// Teacher forcing: decodes the embedded words x (word size x N) of a packed batch of targets. Fills tape.features.
/// `random` is in batch order.
template <Decoder D>
void decode(const D& decoder, const In<typename D::Scalar>& x, const Packing& packing,
            const Memory<typename D::Scalar>& memory, DecoderState<typename D::Scalar>& state,
            DecoderTape<typename D::Scalar>& tape, RandomStreams random = nullptr) {
  detail::check_size("decode", "x", x, decoder.word_size(), packing.columns());
  state.sentences.assign(packing.order().begin(), packing.order().end());
  decoder.start(memory, state, tape);
  decoder.begin(x, memory, tape);
  const RandomStreams columns = random.in_order(state.sentences);
  for (Index t = 0; t < packing.steps(); ++t) {
    decoder.step(memory, state, tape, packing.first(t), packing.active(t), columns);
  }
  decoder.finish(x, tape);
}

/// Backward of `decode`, from tape.d_features. Adds to grad, d_x and d_memory, whose keys must begin at zero
/// (`Memory::zeros_like`): what they gather is passed on to its values at the end.
template <Decoder D>
void decode_backward(const D& decoder, const In<typename D::Scalar>& x, const Packing& packing,
                     const Memory<typename D::Scalar>& memory, DecoderState<typename D::Scalar>& state,
                     DecoderTape<typename D::Scalar>& tape, D& grad, Out<typename D::Scalar> d_x,
                     Memory<typename D::Scalar>& d_memory, RandomStreams random = nullptr) {
  constexpr const char* decode = "; call decode first";
  detail::check_size("decode_backward", "x", x, decoder.word_size(), packing.columns());
  detail::check_like("decode_backward", "d_x", d_x, x);
  detail::check_size("decode_backward", "tape.d_features", tape.d_features, decoder.feature_size(), packing.columns());
  detail::check_count("decode_backward", "state.sentences", state.sentences.size(), packing.order().size(), decode);
  detail::check_gradient("decode_backward", memory, d_memory);
  decoder.finish_backward(x, state, tape, grad, d_x);
  for (Index t = packing.steps(); t-- > 0;) {
    decoder.step_backward(memory, state, tape, packing.first(t), packing.active(t), grad, d_memory, random);
  }
  decoder.begin_backward(x, tape, grad, d_x);
  decoder.start_backward(state, tape, grad, d_memory);
  decoder.prepare_backward(memory, d_memory, grad);
}

/// One step of every column of `state`, for search. Fills tape.features (and tape.weights). Does not allocate once the
/// buffers have grown.
template <Decoder D>
void advance(const D& decoder, const In<typename D::Scalar>& x, const Memory<typename D::Scalar>& memory,
             DecoderState<typename D::Scalar>& state, DecoderTape<typename D::Scalar>& tape) {
  detail::check_size("advance", "x", x, decoder.word_size(), state.columns());
  decoder.begin(x, memory, tape);
  decoder.step(memory, state, tape, 0, state.columns(), nullptr);
  decoder.finish(x, tape);
}

}  // namespace heed::inline v0_1
