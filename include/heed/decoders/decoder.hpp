#pragma once

#include <heed/decoders/decoder_parts.hpp>

#include <concepts>

namespace heed { inline namespace v0_2 {

/// A decoder: computes features from a memory and the previous words. An output layer computes the logits of the next
/// word from the features.
///
/// | call                                                 | once per | meaning                                       |
/// |------------------------------------------------------|----------|-----------------------------------------------|
/// | `word_size()`, `feature_size()`                      |          | rows of an embedded word, and of the features |
/// | `prepare(memory)`                                    | batch    | computes the keys                             |
/// | `start(memory, state, tape)`                         | batch    | initial state for each of `state.sentences`   |
/// | `forward(x, steps, memory, state, tape, random)`     | batch or | fills tape.features; updates the state        |
/// |                                                      | step     | x: embedded previous words                    |
/// | `backward(x, steps, memory, state, tape, grad, d_x,` | batch    | from tape.d_features: adds to grad, d_x and   |
/// | `         d_memory, random)`                         |          | d_memory                                      |
/// | `memory_size()`                                      |          | rows of a value of its memory; optional       |
///
/// `steps` defines the columns of x that belong to each step. `random` is given only in training, in the order of the
/// columns: generator i belongs to sentence `state.sentences[i]`. The functions of heed's decoders throw heed::Error if
/// a size does not match, if a sentence is not in the memory, or if the sizes show that an earlier call is missing. In
/// the body of `backward`, `// was: f` names the operation of `forward` that the line differentiates.
///
/// `decode`, `decode_backward` and `advance` below call these functions. See examples/06_own_decoder.cpp for a custom
/// decoder.
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

/// Teacher forcing: decodes a packed batch of targets from the embedded decoder inputs x (word size x N). Fills
/// tape.features. `random` is in batch order.
template <Decoder D>
void decode(const D& decoder, const In<typename D::Scalar>& x, const PackedBatch& packing,
            const Memory<typename D::Scalar>& memory, DecoderState<typename D::Scalar>& state,
            DecoderTape<typename D::Scalar>& tape, RandomStreams random = nullptr) {
  detail::check_size("decode", "x", x, decoder.word_size(), packing.columns());
  state.sentences.assign(packing.order().begin(), packing.order().end());
  decoder.start(memory, state, tape);
  decoder.forward(x, packing, memory, state, tape, random.in_order(state.sentences));
}

/// Backward of `decode`, from tape.d_features. Adds to grad, d_x and d_memory.
///
/// d_memory.keys must be zero before the call (`Memory::zeros_like`), because their gradient is propagated to
/// d_memory.values at the end.
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

/// Decodes one step of every column of `state`, for search. Fills tape.features and, if the decoder attends,
/// tape.attention.weights. Does not allocate once the buffers are large enough.
template <Decoder D>
void advance(const D& decoder, const In<typename D::Scalar>& x, const Memory<typename D::Scalar>& memory,
             DecoderState<typename D::Scalar>& state, DecoderTape<typename D::Scalar>& tape) {
  detail::check_size("advance", "x", x, decoder.word_size(), state.columns());
  decoder.forward(x, Steps::one(x.cols()), memory, state, tape, nullptr);
}

}}  // namespace heed::v0_2
