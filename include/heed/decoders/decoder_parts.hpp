#pragma once

#include <heed/decoders/decoder_tape.hpp>

#include <span>
#include <string>

namespace heed { inline namespace v0_2 { namespace detail {

/// The sentences that the first n columns read.
template <class S>
std::span<const Index> reading(const DecoderState<S>& state, Index n) {
  return std::span<const Index>(state.sentences).first(static_cast<std::size_t>(n));
}

// The checks with which the functions of decoders begin. `function` is the name of the function.

/// Throws unless a memory has what the bridge reads of these sentences.
template <class T, class C, class S>
void check_start(const char* function, const Bridge<T>& bridge, const Stack<C>& stack, const Memory<S>& memory,
                 std::span<const Index> sentences) {
  check_sentences(function, memory, sentences);
  check_count(function, "the layers of the bridge", bridge.layer_count(), stack.layers.size());
  if (bridge.copied > 0) {  // the bridge checks how many there are, and their rows
    for (const auto& given : memory.states) {
      check_size(function, "a matrix of memory.states", given, given.rows(), memory.sentences());
    }
  } else if (!bridge.layers.empty()) {
    const Index size = bridge.first + bridge.layers.front().input_size();
    check_size(function, "memory.summary", memory.summary, size, memory.sentences());
  }
}

/// Throws unless there is a word x for every column of the steps, and `state` is one that `start` made for as many
/// sentences or more.
template <class C, class S>
void check_forward(const char* function, const Stack<C>& stack, Index word, Index feed, const In<S>& x,
                   const Steps& steps, const DecoderState<S>& state) {
  constexpr const char* start = "; call start(memory, state, tape) first";
  check_size(function, "x", x, word, steps.columns());
  check_count(function, "state.layers", state.layers.size(), stack.layers.size(), start);
  for (std::size_t l = 0; l < stack.layers.size(); ++l) {
    check_size(function, "a matrix of state.layers", state.layers[l], stack.layers[l].state_size(), state.columns(),
               start);
  }
  check_size(function, "state.feed", state.feed, feed, state.columns(), start);
  check_size(function, "state.carry", state.carry, state.carry.rows(), state.columns(), start);
  require(steps.sentences() <= state.columns(), [&] {
    return std::string(function) + ": a step must have at most " + std::to_string(state.columns()) +
           " columns, those of the state, got " + std::to_string(steps.sentences());
  });
}

/// Throws unless `forward` was called with these words and steps, and the gradient of the features is there.
template <class D, class S>
void check_backward(const char* function, const D& decoder, const In<S>& x, const Steps& steps, const Memory<S>& memory,
                    const DecoderState<S>& state, const DecoderTape<S>& tape, const Out<S>& d_x,
                    const Memory<S>& d_memory) {
  constexpr const char* forward = "; call forward first";
  check_size(function, "x", x, decoder.word_size(), steps.columns());
  check_like(function, "d_x", d_x, x);
  check_count(function, "state.sentences", state.sentences.size(), static_cast<std::size_t>(steps.sentences()),
              forward);
  check_size(function, "tape.features", tape.features, decoder.feature_size(), x.cols(), forward);
  check_size(function, "tape.d_features", tape.d_features, decoder.feature_size(), x.cols(),
             "; fill it before backward");
  check_gradient(function, memory, d_memory);
  check_sentences(function, d_memory, state.sentences);
}

/// Backward of the bridge, whose states are those the first step began with.
template <class T, class S>
void bridge_backward(const Bridge<T>& bridge, const DecoderState<S>& state, DecoderTape<S>& tape, Bridge<S>& grad,
                     Memory<S>& d_memory) {
  for (std::size_t l = 0; l < bridge.layer_count(); ++l) {
    auto& layer = tape.stack.layers[l];
    bridge.backward(l, tape.summaries, layer.previous.leftCols(state.columns()), state.sentences, layer.d_state, grad,
                    d_memory);
  }
}

// What decoders have in common beyond the stack. The first layer's input is a word and below it, from row `word` on, what
// differs between decoders: a context, a code, a fed-back vector, or nothing.

/// Parameter gradients of the stack, and d_x of the words x. `below` (no rows: nothing) is what stood below the words.
template <class C, class S>
void accumulate_inputs(const Stack<C>& stack, const StackTape<S>& tape, const In<S>& x, const In<S>& below,
                       Stack<C>& grad, Out<S> d_x) {
  const auto& bottom = tape.layers.front();
  stack.accumulate(tape, grad);
  if (below.rows() > 0) stack.bottom().accumulate(below, x.rows(), bottom.d_a, grad.layers.front());
  stack.bottom().accumulate(x, 0, bottom.d_a, grad.layers.front());
  stack.bottom().project_backward(bottom.d_a, 0, d_x);
}

/// The states that a readout reads: those before their steps, or those after them.
template <class R, class C, class S>
In<S> states_of_readout(const R& readout, const Stack<C>& stack, const StackTape<S>& tape) {
  if (readout.reads_previous()) return tape.top().previous.topRows(stack.hidden_size());
  return tape.top().outputs;
}

/// tape.features = readout(states, tape.attention.contexts, x), of all columns.
template <class R, class C, class S>
void read_out(const R& readout, const Stack<C>& stack, const In<S>& x, DecoderTape<S>& tape) {
  tape.features.resize(readout.output_size(), x.cols());
  readout.forward(states_of_readout(readout, stack, tape.stack), tape.attention.contexts, x, tape.features,
                  tape.readout.kept);
}

/// Backward of `read_out`, from tape.d_features: fills the gradients of the states, adds to tape.attention.d_contexts and d_x.
template <class R, class C, class S>
void read_out_backward(const R& readout, const Stack<C>& stack, const In<S>& x, DecoderTape<S>& tape, R& grad,
                       Out<S> d_x) {
  auto& d_previous = tape.readout.d_previous;
  d_previous.resize(readout.reads_previous() ? stack.hidden_size() : 0, x.cols());
  d_previous.setZero();
  readout.backward(states_of_readout(readout, stack, tape.stack), tape.attention.contexts, x, tape.features,
                   tape.readout.kept, tape.d_features, grad,
                   readout.reads_previous() ? d_previous : tape.stack.top().d_outputs, tape.attention.d_contexts, d_x);
}

/// Backward of the stack's step, with what the readout adds to the state before it.
template <class R, class C, class S>
void step_backward(const R& readout, const Stack<C>& stack, DecoderTape<S>& tape, Index first, Index n,
                   RandomStreams random) {
  stack.step_backward(tape.stack, first, n, random);  // was: stack.step
  if (!readout.reads_previous()) return;
  tape.stack.top().d_state.topRows(stack.hidden_size()).leftCols(n) +=
      tape.readout.d_previous.middleCols(first, n);  // was: readout
}

}}}  // namespace heed::v0_2::detail
