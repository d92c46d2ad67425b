#pragma once

#include <heed/decoders/decoder_tape.hpp>

#include <span>
#include <string>

namespace heed { inline namespace v0_2 { namespace detail {

/// The sentence of the memory that each of the first n columns attends to.
template <class S>
std::span<const Index> sentences_of(const DecoderState<S>& state, Index n) {
  return std::span<const Index>(state.sentences).first(static_cast<std::size_t>(n));
}

// Argument checks of the decoder functions. `function` is the name of the calling function.

/// Throws heed::Error unless the memory has the states or summaries that the bridge needs for these sentences.
template <class T, class C, class S>
void check_start(const char* function, const Bridge<T>& bridge, const Stack<C>& stack, const Memory<S>& memory,
                 std::span<const Index> sentences) {
  check_sentences(function, memory, sentences);
  check_count(function, "the layers of the bridge", bridge.layer_count(), stack.layers.size());
  if (bridge.copied > 0) {  // the bridge checks the number of states and their rows
    for (const auto& given : memory.states) {
      check_size(function, "a matrix of memory.states", given, given.rows(), memory.sentences());
    }
  } else if (!bridge.layers.empty()) {
    const Index size = bridge.first + bridge.layers.front().input_size();
    check_size(function, "memory.summary", memory.summary, size, memory.sentences());
  }
}

/// Throws heed::Error unless x has a column for every column of the steps, and `state` has the sizes that `start` sets,
/// with at least one column for each sentence of the steps.
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
    return std::string(function) + ": a step must not have more columns than the state: at most " +
           std::to_string(state.columns()) + ", got " + std::to_string(steps.sentences());
  });
}

/// Throws heed::Error unless the sizes are those after `forward` with these words and steps, `state` has one column per
/// sentence of the steps, and tape.d_features has the size of the features.
template <class D, class S>
void check_backward(const char* function, const D& decoder, const In<S>& x, const Steps& steps, const Memory<S>& memory,
                    const DecoderState<S>& state, const DecoderTape<S>& tape, const Out<S>& d_x,
                    const Memory<S>& d_memory) {
  constexpr const char* forward = "; call forward first";
  check_size(function, "x", x, decoder.word_size(), steps.columns());
  check_like(function, "d_x", d_x, x);
  check_count(function, "state.sentences", state.sentences.size(), static_cast<std::size_t>(steps.sentences()),
              "; backward needs a state with one column per sentence of the steps");
  check_size(function, "tape.features", tape.features, decoder.feature_size(), x.cols(), forward);
  check_size(function, "tape.d_features", tape.d_features, decoder.feature_size(), x.cols(),
             "; fill it before backward");
  check_gradient(function, memory, d_memory);
  check_sentences(function, d_memory, state.sentences);
}

/// Backward of the bridge. Its results are the states before the first step, those of the first layer in `first`. Adds
/// to grad and d_memory.
template <class T, class S>
void bridge_backward(const Bridge<T>& bridge, const DecoderState<S>& state, DecoderTape<S>& tape,
                     typename StackTape<S>::Layer& first, Bridge<S>& grad, Memory<S>& d_memory) {
  for (std::size_t l = 0; l < bridge.layer_count(); ++l) {
    auto& layer = l == 0 ? first : tape.stack.layers[l];
    bridge.backward(l, tape.summaries, layer.previous.leftCols(state.columns()), state.sentences, layer.d_state, grad,
                    d_memory);
  }
}

/// Overload for decoders whose states enter `stack`.
template <class T, class S>
void bridge_backward(const Bridge<T>& bridge, const DecoderState<S>& state, DecoderTape<S>& tape, Bridge<S>& grad,
                     Memory<S>& d_memory) {
  bridge_backward(bridge, state, tape, tape.stack.layers.front(), grad, d_memory);
}

// Functions that several decoders use. The input of the first layer is an embedded word. From row `word` on it also has
// a context, a code or a fed-back vector, if the decoder has one.

/// Adds the parameter gradients of the stack to grad, and the gradient of the words x to d_x. `below` is the input of
/// the first layer below the words, without rows if there is none.
template <class C, class S>
void accumulate_inputs(const Stack<C>& stack, const StackTape<S>& tape, const In<S>& x, const In<S>& below,
                       Stack<C>& grad, Out<S> d_x) {
  const auto& bottom = tape.layers.front();
  stack.accumulate(tape, grad);
  if (below.rows() > 0) stack.bottom().accumulate(below, x.rows(), bottom.d_a, grad.layers.front());
  stack.bottom().accumulate(x, 0, bottom.d_a, grad.layers.front());
  stack.bottom().project_backward(bottom.d_a, 0, d_x);
}

/// The hidden states that the readout uses: those before the steps or those after the steps.
template <class R, class C, class S>
In<S> states_of_readout(const R& readout, const Stack<C>& stack, const StackTape<S>& tape) {
  if (readout.reads_previous()) return tape.top().previous.topRows(stack.hidden_size());
  return tape.top().outputs;
}

/// tape.features = readout(states, tape.attention.contexts, x), for all columns.
template <class R, class C, class S>
void read_out(const R& readout, const Stack<C>& stack, const In<S>& x, DecoderTape<S>& tape) {
  tape.features.resize(readout.output_size(), x.cols());
  readout.forward(states_of_readout(readout, stack, tape.stack), tape.attention.contexts, x, tape.features,
                  tape.readout.kept);
}

/// Backward of `read_out`, from tape.d_features. Adds to grad, tape.attention.d_contexts and d_x. Stores the gradient
/// of the states in tape.readout.d_previous or in d_outputs of the top layer.
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

/// Backward of a step of the stack. Adds the readout's gradient of the state before the step.
template <class R, class C, class S>
void step_backward(const R& readout, const Stack<C>& stack, DecoderTape<S>& tape, Index first, Index n,
                   RandomStreams random) {
  stack.step_backward(tape.stack, first, n, random);  // was: stack.step
  if (!readout.reads_previous()) return;
  tape.stack.top().d_state.topRows(stack.hidden_size()).leftCols(n) +=
      tape.readout.d_previous.middleCols(first, n);  // was: readout
}

}}}  // namespace heed::v0_2::detail
