#pragma once

#include <heed/bridge.hpp>
#include <heed/look.hpp>
#include <heed/stack.hpp>

#include <span>
#include <vector>

namespace heed::inline v0_1 {

/// What a decoder carries from step to step, a column per hypothesis. It is one value with one `gather`, so that
/// nothing can be forgotten when beams are reordered.
template <class S>
struct DecoderState {
  std::vector<Buffer<S>> layers;  ///< state size x n, one per layer
  Buffer<S> feed;                 ///< features x n: the last attentional vector (input feeding), or no rows
  Buffer<S> carry;                ///< carry size x n: what the last look hands to the next, or no rows
  std::vector<Index> sentences;   ///< n: which sentence of the memory each column reads

  /// How many hypotheses it holds.
  Index columns() const { return static_cast<Index>(sentences.size()); }

  /// Column i becomes what column `chosen[i]` was; columns may be dropped, repeated and reordered.
  /// Does not allocate once the buffers have grown. After an exception it has no columns.
  void gather(std::span<const Index> chosen) {
    spare_sentences_ = sentences;
    sentences.reserve(chosen.size());
    sentences.clear();
    for (auto& layer : layers) gather(layer, chosen);
    gather(feed, chosen);
    gather(carry, chosen);
    for (const Index i : chosen) sentences.push_back(spare_sentences_[static_cast<std::size_t>(i)]);
  }

 private:
  void gather(Buffer<S>& matrix, std::span<const Index> chosen) {
    const auto n = static_cast<Index>(chosen.size());
    spare_.resize(matrix.rows(), n);
    for (Index i = 0; i < n; ++i) spare_.col(i) = matrix.col(chosen[static_cast<std::size_t>(i)]);
    matrix.assign(spare_);
  }

  Buffer<S> spare_;
  std::vector<Index> spare_sentences_;
};

/// Everything a decoder writes for N columns of steps (training: all words of a batch; search: one step): its looks and
/// what is below. Only grows.
template <class S>
struct DecoderTape : LookTape<S> {
  StackTape<S> stack;    ///< of the recurrent layers
  Buffer<S> feeds;       ///< features x N: the attentional vector each step was fed
  Buffer<S> features;    ///< features x N: what the output layer sees
  Buffer<S> readout;     ///< what the readout keeps for backward
  Buffer<S> summaries;   ///< memory size x sentences: what the first state was made from
  Memory<S> code;        ///< a memory of summaries alone: what a decoder made of another before it began
  Buffer<S> coded;       ///< the summaries it made that from
  Buffer<S> taken;       ///< memory size x N: contexts as the cell took them in, where some are dropped
  Buffer<S> kept_share;  ///< 1 x N: what they were multiplied by, 0 where they were dropped

  Buffer<S> d_previous, d_feed;  ///< of the states a readout saw before their step, and of what was fed back
  Buffer<S> mask;                ///< 1 x N: drawn for `kept_share`
  Buffer<S> d_taken;             ///< of what was taken in, one step
  Memory<S> d_code;              ///< of `code`
  Buffer<S> d_features;          ///< to be filled before backward; overwritten by it
};

namespace detail {

/// The sentences that the first n columns read.
template <class S>
std::span<const Index> reading(const DecoderState<S>& state, Index n) {
  return std::span<const Index>(state.sentences).first(static_cast<std::size_t>(n));
}

/// Backward of the bridge: the states it made are those the first step began with.
template <class T, class S>
void bridge_backward(const Bridge<T>& bridge, const DecoderState<S>& state, DecoderTape<S>& tape, Bridge<S>& grad,
                     Memory<S>& d_memory) {
  for (std::size_t l = 0; l < bridge.layer_count(); ++l) {
    auto& layer = tape.stack.layers[l];
    bridge.backward(l, tape.summaries, layer.previous.leftCols(state.columns()), state.sentences, layer.d_state, grad,
                    d_memory);
  }
}

}  // namespace detail

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
///
/// `random` is in the order of the columns: generator i is that of sentence `state.sentences[i]`.
///
/// Each has its `_backward`, called in reverse order. `decode`, `decode_backward` and `advance` below are the drivers.
template <class D>
concept Decoder = Part<D> &&
    requires(const D& decoder, Plain<D>& grad, const Matrix<typename D::Scalar>& x, Matrix<typename D::Scalar>& d_x,
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
                     DecoderTape<typename D::Scalar>& tape, Plain<D>& grad, Out<typename D::Scalar> d_x,
                     Memory<typename D::Scalar>& d_memory, RandomStreams random = nullptr) {
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
  decoder.begin(x, memory, tape);
  decoder.step(memory, state, tape, 0, state.columns(), nullptr);
  decoder.finish(x, tape);
}

}  // namespace heed::inline v0_1
