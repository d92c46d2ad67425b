#pragma once

#include <heed/decoders/decoder_parts.hpp>

#include <concepts>

namespace heed { inline namespace v0_2 {

/// A decoder: from a memory and the words so far to features, from which an output layer scores the next word.
///
/// | call                                                     | once per | meaning                                          |
/// |----------------------------------------------------------|----------|--------------------------------------------------|
/// | `word_size()`, `feature_size()`                          |          | rows of an embedded word, and of the features    |
/// | `prepare(memory)`                                        | batch    | computes the keys                                |
/// | `start(memory, state, tape)`                             | batch    | first state of every column of `state.sentences` |
/// | `forward(x, steps, memory, state, tape, random)`         | batch or | tape.features of the embedded previous words x,  |
/// |                                                          | step     | and the state after them                         |
/// | `backward(x, steps, memory, state, tape, grad, d_x,`     | batch    | from tape.d_features: adds to grad, d_x and      |
/// | `         d_memory, random)`                             |          | d_memory                                         |
/// | `memory_size()`                                          |          | rows of a value of its memory; may be left out   |
///
/// `steps` says which columns of x each step has. `random` is there in training alone and in the order of the columns:
/// generator i is that of sentence `state.sentences[i]`. Every function of heed's decoders throws `Error` if a size does
/// not fit, if the memory has no such sentence, and if a call that comes before it is missing, as far as sizes show that.
///
/// `decode`, `decode_backward` and `advance` below call them. examples/own_decoder.cpp has a decoder of your own.
template <class D>
concept Decoder = Part<D> &&
    requires(const D& decoder, D& grad, const Matrix<typename D::Scalar>& x, Matrix<typename D::Scalar>& d_x,
             const Steps& steps, Memory<typename D::Scalar>& memory, DecoderState<typename D::Scalar>& state,
             DecoderTape<typename D::Scalar>& tape, RandomStreams random) {
  { decoder.word_size() } -> std::convertible_to<Index>;
  { decoder.feature_size() } -> std::convertible_to<Index>;
  decoder.prepare(memory);
  decoder.start(memory, state, tape);
  decoder.forward(x, steps, memory, state, tape, random);
  decoder.backward(x, steps, memory, state, tape, grad, d_x, memory, random);
};

/// Teacher forcing: decodes the embedded words x (word size x N) of a packed batch of targets. Fills tape.features.
/// `random` is in batch order.
template <Decoder D>
void decode(const D& decoder, const In<typename D::Scalar>& x, const PackedBatch& packing,
            const Memory<typename D::Scalar>& memory, DecoderState<typename D::Scalar>& state,
            DecoderTape<typename D::Scalar>& tape, RandomStreams random = nullptr) {
  detail::check_size("decode", "x", x, decoder.word_size(), packing.columns());
  state.sentences.assign(packing.order().begin(), packing.order().end());
  decoder.start(memory, state, tape);
  decoder.forward(x, packing, memory, state, tape, random.in_order(state.sentences));
}

/// Backward of `decode`, from tape.d_features. Adds to grad, d_x and d_memory, whose keys must begin at zero
/// (`Memory::zeros_like`): what they gather is passed on to its values at the end.
template <Decoder D>
void decode_backward(const D& decoder, const In<typename D::Scalar>& x, const PackedBatch& packing,
                     const Memory<typename D::Scalar>& memory, DecoderState<typename D::Scalar>& state,
                     DecoderTape<typename D::Scalar>& tape, D& grad, Out<typename D::Scalar> d_x,
                     Memory<typename D::Scalar>& d_memory, RandomStreams random = nullptr) {
  detail::check_size("decode_backward", "x", x, decoder.word_size(), packing.columns());
  detail::check_like("decode_backward", "d_x", d_x, x);
  detail::check_size("decode_backward", "tape.d_features", tape.d_features, decoder.feature_size(), packing.columns());
  detail::check_count("decode_backward", "state.sentences", state.sentences.size(), packing.order().size(),
                      "; call decode first");
  detail::check_gradient("decode_backward", memory, d_memory);
  decoder.backward(x, packing, memory, state, tape, grad, d_x, d_memory, random);
}

/// One step of every column of `state`, for search. Fills tape.features (and tape.attention.weights). Does not allocate once the
/// buffers have grown.
template <Decoder D>
void advance(const D& decoder, const In<typename D::Scalar>& x, const Memory<typename D::Scalar>& memory,
             DecoderState<typename D::Scalar>& state, DecoderTape<typename D::Scalar>& tape) {
  detail::check_size("advance", "x", x, decoder.word_size(), state.columns());
  decoder.forward(x, Steps::one(x.cols()), memory, state, tape, nullptr);
}

}}  // namespace heed::v0_2
