#pragma once

#include <heed/decoder_tape.hpp>

#include <span>
#include <string>

namespace heed::inline v0_1 {

namespace detail {

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

template <class S>
void check_active(const char* function, const DecoderState<S>& state, Index n) {
  require(n <= state.columns(), [&] {
    return std::string(function) + ": n must be at most " + std::to_string(state.columns()) +
           ", the columns of the state, got " + std::to_string(n);
  });
}

/// Throws unless a state is one that `start` made, with n columns or more.
template <class C, class S>
void check_state(const char* function, const Stack<C>& stack, const DecoderState<S>& state, Index feed, Index n) {
  constexpr const char* start = "; call start(memory, state, tape) first";
  check_count(function, "state.layers", state.layers.size(), stack.layers.size(), start);
  for (std::size_t l = 0; l < stack.layers.size(); ++l) {
    check_size(function, "a matrix of state.layers", state.layers[l], stack.layers[l].state_size(), state.columns(),
               start);
  }
  check_size(function, "state.feed", state.feed, feed, state.columns(), start);
  check_size(function, "state.carry", state.carry, state.carry.rows(), state.columns(), start);
  check_active(function, state, n);
}

/// Throws unless `begin` made room for columns first ... first + n.
template <class C, class S>
void check_steps(const char* function, const Stack<C>& stack, const StackTape<S>& tape, Index first, Index n) {
  constexpr const char* begin = "; call begin(x, memory, tape) first";
  check_count(function, "tape.stack.layers", tape.layers.size(), stack.layers.size(), begin);
  for (std::size_t l = 0; l < stack.layers.size(); ++l) {
    const auto& layer = tape.layers[l];
    check_room(function, "trace of tape.stack", layer.trace, stack.layers[l].trace_size(), first, n, begin);
    check_room(function, "outputs of tape.stack", layer.outputs, stack.hidden_size(), first, n, begin);
  }
}

/// Throws unless x has a word for each column that `begin` made room for.
template <class C, class S>
void check_words(const char* function, const Stack<C>& stack, const StackTape<S>& tape, Index word, const In<S>& x) {
  check_steps(function, stack, tape, 0, 0);
  check_size(function, "x", x, word, tape.layers.empty() ? 0 : tape.top().outputs.cols());
}

/// As `check_words`; throws, too, unless features and their gradient are there.
template <class C, class S>
void check_finish_backward(const char* function, const Stack<C>& stack, const DecoderTape<S>& tape, Index word,
                           Index features, const In<S>& x, const Out<S>& d_x) {
  check_words(function, stack, tape.stack, word, x);
  check_like(function, "d_x", d_x, x);
  check_size(function, "tape.features", tape.features, features, x.cols(), "; call finish(x, tape) first");
  check_size(function, "tape.d_features", tape.d_features, features, x.cols(), "; fill it before backward");
}

/// Throws unless `finish_backward` made room for the gradients of all columns and of a state of so many.
template <class C, class S>
void check_stack_gradients(const char* function, const Stack<C>& stack, const StackTape<S>& tape, Index columns) {
  constexpr const char* finish = "; call finish_backward(x, state, tape, grad, d_x) first";
  for (std::size_t l = 0; l < stack.layers.size(); ++l) {
    const auto& layer = tape.layers[l];
    const Index all = layer.trace.cols();
    check_size(function, "d_a of tape.stack", layer.d_a, stack.layers[l].gradient_size(), all, finish);
    check_size(function, "d_outputs of tape.stack", layer.d_outputs, stack.hidden_size(), all, finish);
    check_room(function, "d_state of tape.stack", layer.d_state, stack.layers[l].state_size(), 0, columns, finish);
  }
}

template <class C, class S>
void check_step_backward(const char* function, const Stack<C>& stack, const DecoderTape<S>& tape,
                         const DecoderState<S>& state, Index first, Index n) {
  check_steps(function, stack, tape.stack, first, n);
  check_active(function, state, n);
  check_stack_gradients(function, stack, tape.stack, state.columns());
}

template <class C, class G, class S>
void check_begin_backward(const char* function, const Stack<C>& stack, const StackTape<S>& tape, Index word,
                          const In<S>& x, const Stack<G>& grad, const Out<S>& d_x) {
  check_words(function, stack, tape, word, x);
  check_like(function, "d_x", d_x, x);
  check_stack_gradients(function, stack, tape, 0);
  check_count(function, "grad.stack.layers", grad.layers.size(), stack.layers.size());
}

/// Backward of the bridge, whose states are those the first step began with. `d_source` is the gradient of what the bridge
/// read: a memory, or summaries.
template <class T, class S, class Source>
void first_states_backward(const char* function, const Bridge<T>& bridge, const DecoderState<S>& state,
                           DecoderTape<S>& tape, Bridge<S>& grad, Source&& d_source) {
  const Index n = state.columns();
  for (std::size_t l = 0; l < bridge.layer_count(); ++l) {
    auto& layer = tape.stack.layers[l];
    check_room(function, "previous of tape.stack", layer.previous, layer.d_state.rows(), 0, n, "; call step first");
    check_room(function, "d_state of tape.stack", layer.d_state, layer.d_state.rows(), 0, n,
               "; call step_backward first");
    bridge.backward(l, tape.summaries, layer.previous.leftCols(n), state.sentences, layer.d_state, grad, d_source);
  }
}

/// The same for a bridge that reads a memory, with its checks.
template <class T, class S>
void bridge_backward(const char* function, const Bridge<T>& bridge, const DecoderState<S>& state, DecoderTape<S>& tape,
                     Bridge<S>& grad, Memory<S>& d_memory) {
  const Index n = state.columns();
  check_sentences(function, d_memory, state.sentences);
  check_count(function, "tape.stack.layers", tape.stack.layers.size(), bridge.layer_count());
  if (bridge.copied > 0) {
    check_count(function, "d_memory.states", d_memory.states.size(), bridge.layer_count());
    for (const auto& d : d_memory.states) {
      check_size(function, "a matrix of d_memory.states", d, bridge.state, d_memory.sentences());
    }
  } else if (!bridge.layers.empty()) {
    const Index read = bridge.layers.front().input_size();
    check_count(function, "the layers of grad.bridge", grad.layers.size(), bridge.layers.size());
    check_size(function, "tape.summaries", tape.summaries, read, n, "; call start(memory, state, tape) first");
    check_size(function, "d_memory.summary", d_memory.summary, bridge.first + read, d_memory.sentences());
  }
  first_states_backward(function, bridge, state, tape, grad, d_memory);
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

/// tape.features = readout(states, tape.contexts, x), of all columns.
template <class R, class C, class S>
void read_out(const R& readout, const Stack<C>& stack, const In<S>& x, DecoderTape<S>& tape) {
  tape.features.resize(readout.output_size(), x.cols());
  readout.forward(states_of_readout(readout, stack, tape.stack), tape.contexts, x, tape.features, tape.readout.kept);
}

/// Backward of `read_out`, from tape.d_features: fills the gradients of the states, adds to tape.d_contexts and d_x.
template <class R, class C, class S>
void read_out_backward(const R& readout, const Stack<C>& stack, const In<S>& x, DecoderTape<S>& tape, R& grad,
                       Out<S> d_x) {
  auto& d_previous = tape.readout.d_previous;
  d_previous.resize(readout.reads_previous() ? stack.hidden_size() : 0, x.cols());
  d_previous.setZero();
  readout.backward(states_of_readout(readout, stack, tape.stack), tape.contexts, x, tape.features, tape.readout.kept,
                   tape.d_features, grad, readout.reads_previous() ? d_previous : tape.stack.top().d_outputs,
                   tape.d_contexts, d_x);
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

/// Throws unless `finish_backward` made the gradients of all contexts and of the states that the readout reads.
template <class R, class C, class S>
void check_context_gradients(const char* function, const R& readout, const Stack<C>& stack,
                             const DecoderTape<S>& tape) {
  constexpr const char* finish = "; call finish_backward(x, state, tape, grad, d_x) first";
  check_like(function, "tape.d_contexts", tape.d_contexts, tape.contexts, finish);
  if (!readout.reads_previous()) return;
  check_size(function, "tape.readout.d_previous", tape.readout.d_previous, stack.hidden_size(), tape.contexts.cols(),
             finish);
}

}  // namespace detail

}  // namespace heed::inline v0_1
