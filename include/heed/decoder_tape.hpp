#pragma once

#include <heed/bridge.hpp>
#include <heed/look.hpp>
#include <heed/stack.hpp>

#include <span>
#include <string>
#include <vector>

namespace heed::inline v0_1 {

/// The state of a decoder between two steps, a column for each hypothesis. A search reorders all of it by one `gather`.
template <class S>
struct DecoderState {
  std::vector<Buffer<S>> layers;  ///< state size x n, one per layer
  Buffer<S> feed;                 ///< features x n: the last attentional vector (input feeding), or no rows
  Buffer<S> carry;                ///< carry size x n: what the last look hands to the next, or no rows
  std::vector<Index> sentences;   ///< n: which sentence of the memory each column reads

  /// How many hypotheses it holds.
  Index columns() const { return static_cast<Index>(sentences.size()); }

  /// Column i becomes what column `chosen[i]` was; columns may be dropped, repeated and reordered.
  /// Does not allocate once the buffers have grown. Throws `Error` if there is no such column, and stays as it was; after
  /// another exception it has no columns.
  void gather(std::span<const Index> chosen) {
    for (const Index i : chosen) {
      require(i >= 0 && i < columns(), [&] {
        return "DecoderState.gather: there is no column " + std::to_string(i) + ", the state has " +
               std::to_string(columns());
      });
    }
    for (const auto& layer : layers) check_columns("a matrix of layers", layer);
    check_columns("feed", feed);
    check_columns("carry", carry);
    spare_sentences_ = sentences;
    sentences.reserve(chosen.size());
    sentences.clear();
    for (auto& layer : layers) gather(layer, chosen);
    gather(feed, chosen);
    gather(carry, chosen);
    for (const Index i : chosen) sentences.push_back(spare_sentences_[static_cast<std::size_t>(i)]);
  }

 private:
  void check_columns(const char* name, const Buffer<S>& matrix) const {
    detail::check_size("DecoderState.gather", name, matrix, matrix.rows(), columns());
  }

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

/// Backward of the bridge: the states it made are those the first step began with.
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
  for (std::size_t l = 0; l < bridge.layer_count(); ++l) {
    auto& layer = tape.stack.layers[l];
    check_room(function, "previous of tape.stack", layer.previous, layer.d_state.rows(), 0, n, "; call step first");
    check_room(function, "d_state of tape.stack", layer.d_state, layer.d_state.rows(), 0, n,
               "; call step_backward first");
    bridge.backward(l, tape.summaries, layer.previous.leftCols(n), state.sentences, layer.d_state, grad, d_memory);
  }
}

}  // namespace detail

}  // namespace heed::inline v0_1
