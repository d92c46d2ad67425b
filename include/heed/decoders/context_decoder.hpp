#pragma once

#include <heed/decoders/decoder.hpp>
#include <heed/layers/dropout.hpp>
#include <heed/readout.hpp>

#include <concepts>

namespace heed::inline v0_1 {

/// The sizes of a `ContextDecoder`. Each must be 1 or more.
struct ContextDecoderOptions {
  Index word_size = 0;     ///< rows of an embedded word
  Index memory_size = 0;   ///< rows of a value of the memory, and of a context
  Index hidden_size = 0;   ///< rows of h
  Index layers = 1;        ///< recurrent layers
  Index feature_size = 0;  ///< rows of the features, which the output layer reads
  double dropout = 0;      ///< rate between layers
};

/// A decoder whose recurrent state takes in a context at every step:
///
///   c_i = look(s_{i-1})        s_i = cell([E y_{i-1}; c_i], s_{i-1})        features_i = readout(s_i, c_i, E y_{i-1})
///
/// The lesson is in the look: with an `Attention` this is Bahdanau's decoder (decoders/bahdanau.hpp), with a
/// `FixedVector` the plain one (decoders/plain.hpp). Everything else is the same code. With several layers the query is
/// the previous top state, and the context enters the first layer. `ReadoutType` is `Readout` (a tanh layer) or
/// `MaxoutReadout`.
template <Cell C, Look LookType, template <class> class ReadoutType = Readout>
struct ContextDecoder {
  using Scalar = typename C::Scalar;
  using S = Scalar;

  Stack<C> stack;          ///< the recurrent layers
  LookType attention;      ///< how it looks back
  Bridge<S> bridge;        ///< where it begins
  ReadoutType<S> readout;  ///< what the output layer sees of it
  Index word = 0;          ///< size of an embedded word: where the context's block of the first cell's W begins

  /// Of whole contexts, as the cell takes them in, drawn for every step unless `per_sentence`; the readout sees them all. A cell that misses
  /// some of what was seen keeps little of it for later words, so these look themselves, each at what it names.
  Dropout<S> context_dropout;

  ContextDecoder() = default;

  /// Each cell is C(input, hidden). Throws unless every size is 1 or more and `look` takes queries of the state's size and
  /// a memory of that size. `look` may be left out if a default-constructed one has its sizes.
  explicit ContextDecoder(const ContextDecoderOptions& options,
                          LookType look = LookType()) requires std::constructible_from<C, Index, Index>
      : ContextDecoder(options, std::move(look), detail::MakeCell<C>()) {}

  /// Each cell is `make(input, hidden)`: for cells that take more than two sizes.
  template <class MakeCell>
  ContextDecoder(const ContextDecoderOptions& options, LookType look, MakeCell&& make)
      : stack(stack_options(options), make),
        attention(std::move(look)),
        bridge(
            {.summary_size = options.memory_size, .state_size = stack.bottom().state_size(), .layers = options.layers}),
        readout({.state_size = options.hidden_size,
                 .context_size = options.memory_size,
                 .word_size = options.word_size,
                 .feature_size = options.feature_size}),
        word(options.word_size) {
    attention.check(options.hidden_size, options.memory_size);
  }

  Index word_size() const { return word; }
  Index feature_size() const { return readout.output_size(); }
  Index memory_size() const { return stack.bottom().input_size() - word; }

  void prepare(Memory<S>& memory) const { attention.prepare(memory); }

  void start(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape) const {
    detail::check_start("ContextDecoder.start", bridge, stack, memory, state.sentences);
    bridge.forward(memory, state.sentences, tape.summaries, state.layers);
    attention.start(memory, state.sentences, state.carry);
    state.feed.resize(0, state.columns());
  }

  void begin(const In<S>& x, const Memory<S>& memory, DecoderTape<S>& tape) const {
    detail::check_size("ContextDecoder.begin", "x", x, word, x.cols());
    stack.begin(x.cols(), tape.stack);
    attention.begin(memory, x.cols(), tape);
    if (context_dropout.rate > 0) {
      tape.context_dropout.contexts.resize(tape.contexts.rows(), x.cols());
      tape.context_dropout.factors.resize(1, x.cols());
      tape.context_dropout.mask.resize(1, x.cols());
    }
    stack.bottom().project(x, 0, tape.stack.layers.front().trace);
  }

  void step(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
            RandomStreams random) const {
    detail::check_state("ContextDecoder.step", stack, state, 0, n);
    detail::check_steps("ContextDecoder.step", stack, tape.stack, first, n);
    check_contexts("ContextDecoder.step", tape, first, n);
    attention.forward(state.layers.back().topRows(stack.hidden_size()).leftCols(n), memory, detail::reading(state, n),
                      state.carry.leftCols(n), tape, first, random);
    if (context_dropout.rate > 0) drop_contexts(random, first, n, tape);
    stack.bottom().project(cell_contexts(tape).middleCols(first, n), word,
                           tape.stack.layers.front().trace.middleCols(first, n));
    stack.step(tape.stack, first, n, state.layers, random);
  }

  void finish(const In<S>& x, DecoderTape<S>& tape) const {
    detail::check_words("ContextDecoder.finish", stack, tape.stack, word, x);
    check_contexts("ContextDecoder.finish", tape, 0, x.cols());
    detail::read_out(readout, stack, x, tape);
  }

  void finish_backward(const In<S>& x, const DecoderState<S>& state, DecoderTape<S>& tape, ContextDecoder& grad,
                       Out<S> d_x) const {
    detail::check_finish_backward("ContextDecoder.finish_backward", stack, tape, word, feature_size(), x, d_x);
    check_contexts("ContextDecoder.finish_backward", tape, 0, x.cols());
    stack.begin_backward(x.cols(), state.columns(), tape.stack);
    attention.begin_backward(state.columns(), tape);
    detail::read_out_backward(readout, stack, x, tape, grad.readout, d_x);
  }

  void step_backward(const Memory<S>& memory, const DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
                     ContextDecoder& grad, Memory<S>& d_memory, RandomStreams random) const {
    detail::check_step_backward("ContextDecoder.step_backward", stack, tape, state, first, n);
    check_contexts("ContextDecoder.step_backward", tape, first, n);
    detail::check_context_gradients("ContextDecoder.step_backward", readout, stack, tape);
    auto d_state = tape.stack.top().d_state.topRows(stack.hidden_size()).leftCols(n);
    detail::step_backward(readout, stack, tape, first, n, random);
    const auto d_a = tape.stack.layers.front().d_a.middleCols(first, n);
    auto d_contexts = tape.d_contexts.middleCols(first, n);
    if (context_dropout.rate == 0) {
      stack.bottom().project_backward(d_a, word, d_contexts);  // was: project
    } else {
      auto& dropped = tape.context_dropout;
      dropped.d_contexts.resize(d_contexts.rows(), n);
      dropped.d_contexts.setZero();
      stack.bottom().project_backward(d_a, word, dropped.d_contexts);                            // was: project
      d_contexts += dropped.d_contexts * dropped.factors.row(0).segment(first, n).asDiagonal();  // was: drop_contexts
    }
    attention.backward(memory, detail::reading(state, n), tape, first, grad.attention, d_state,
                       d_memory);  // was: attention
  }

  void begin_backward(const In<S>& x, const DecoderTape<S>& tape, ContextDecoder& grad, Out<S> d_x) const {
    detail::check_begin_backward("ContextDecoder.begin_backward", stack, tape.stack, word, x, grad.stack, d_x);
    check_contexts("ContextDecoder.begin_backward", tape, 0, x.cols());
    detail::accumulate_inputs(stack, tape.stack, x, cell_contexts(tape), grad.stack, d_x);
    attention.accumulate(tape.stack.top().previous.topRows(stack.hidden_size()), tape, grad.attention);
  }

  void start_backward(const DecoderState<S>& state, DecoderTape<S>& tape, ContextDecoder& grad,
                      Memory<S>& d_memory) const {
    detail::bridge_backward("ContextDecoder.start_backward", bridge, state, tape, grad.bridge, d_memory);
  }

  void prepare_backward(const Memory<S>& memory, Memory<S>& d_memory, ContextDecoder& grad) const {
    attention.prepare_backward(memory, d_memory, grad.attention);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("stack", self.stack...);
    visit("attention", self.attention...);
    visit("bridge", self.bridge...);
    visit("readout", self.readout...);
    visit("word", self.word...);
    visit("context_dropout", self.context_dropout...);
  }

 private:
  /// Throws unless every size is 1 or more.
  static StackOptions stack_options(const ContextDecoderOptions& options) {
    detail::check_options("ContextDecoder", {{"word_size", options.word_size},
                                             {"memory_size", options.memory_size},
                                             {"hidden_size", options.hidden_size},
                                             {"layers", options.layers},
                                             {"feature_size", options.feature_size}});
    return {.input_size = options.word_size + options.memory_size,
            .hidden_size = options.hidden_size,
            .layers = options.layers,
            .dropout = options.dropout};
  }

  void check_contexts(const char* function, const DecoderTape<S>& tape, Index first, Index n) const {
    constexpr const char* begin = "; call begin(x, memory, tape) first";
    detail::check_room(function, "tape.contexts", tape.contexts, memory_size(), first, n, begin);
    if (context_dropout.rate == 0) return;
    const auto& dropped = tape.context_dropout;
    detail::check_room(function, "tape.context_dropout.contexts", dropped.contexts, memory_size(), first, n, begin);
    detail::check_room(function, "tape.context_dropout.factors", dropped.factors, 1, first, n, begin);
  }

  /// The contexts as the cell takes them in.
  In<S> cell_contexts(const DecoderTape<S>& tape) const {
    if (context_dropout.rate > 0) return tape.context_dropout.contexts;
    return tape.contexts;
  }

  void drop_contexts(RandomStreams random, Index first, Index n, DecoderTape<S>& tape) const {
    auto factors = tape.context_dropout.factors.middleCols(first, n);
    factors.setOnes();
    context_dropout.forward_step(random, first, factors, tape.context_dropout.mask);
    tape.context_dropout.contexts.middleCols(first, n) =
        tape.contexts.middleCols(first, n) * factors.row(0).asDiagonal();
  }
};

}  // namespace heed::inline v0_1
