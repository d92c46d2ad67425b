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
      tape.taken.resize(tape.contexts.rows(), x.cols());
      tape.kept_share.resize(1, x.cols());
      tape.mask.resize(1, x.cols());
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
    stack.bottom().project(taken(tape).middleCols(first, n), word,
                           tape.stack.layers.front().trace.middleCols(first, n));
    stack.step(tape.stack, first, n, state.layers, random);
  }

  void finish(const In<S>& x, DecoderTape<S>& tape) const {
    detail::check_words("ContextDecoder.finish", stack, tape.stack, word, x);
    check_contexts("ContextDecoder.finish", tape, 0, x.cols());
    tape.features.resize(feature_size(), x.cols());
    readout.forward(shown(tape), tape.contexts, x, tape.features, tape.readout);
  }

  void finish_backward(const In<S>& x, const DecoderState<S>& state, DecoderTape<S>& tape, ContextDecoder& grad,
                       Out<S> d_x) const {
    detail::check_finish_backward("ContextDecoder.finish_backward", stack, tape, word, feature_size(), x, d_x);
    check_contexts("ContextDecoder.finish_backward", tape, 0, x.cols());
    stack.begin_backward(x.cols(), state.columns(), tape.stack);
    attention.begin_backward(state.columns(), tape);
    tape.d_previous.resize(readout.reads_previous() ? stack.hidden_size() : 0, x.cols());
    tape.d_previous.setZero();
    readout.backward(shown(tape), tape.contexts, x, tape.features, tape.readout, tape.d_features, grad.readout,
                     readout.reads_previous() ? tape.d_previous : tape.stack.top().d_outputs, tape.d_contexts, d_x);
  }

  void step_backward(const Memory<S>& memory, const DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
                     ContextDecoder& grad, Memory<S>& d_memory, RandomStreams random) const {
    detail::check_step_backward("ContextDecoder.step_backward", stack, tape, state, first, n);
    check_contexts("ContextDecoder.step_backward", tape, first, n);
    check_context_gradients("ContextDecoder.step_backward", tape);
    auto d_state = tape.stack.top().d_state.topRows(stack.hidden_size()).leftCols(n);
    stack.step_backward(tape.stack, first, n, random);                              // was: stack.step
    if (readout.reads_previous()) d_state += tape.d_previous.middleCols(first, n);  // was: readout
    const auto d_a = tape.stack.layers.front().d_a.middleCols(first, n);
    auto d_contexts = tape.d_contexts.middleCols(first, n);
    if (context_dropout.rate == 0) {
      stack.bottom().project_backward(d_a, word, d_contexts);  // was: project
    } else {
      tape.d_taken.resize(d_contexts.rows(), n);
      tape.d_taken.setZero();
      stack.bottom().project_backward(d_a, word, tape.d_taken);                            // was: project
      d_contexts += tape.d_taken * tape.kept_share.row(0).segment(first, n).asDiagonal();  // was: taken
    }
    attention.backward(memory, detail::reading(state, n), tape, first, grad.attention, d_state,
                       d_memory);  // was: attention
  }

  void begin_backward(const In<S>& x, const DecoderTape<S>& tape, ContextDecoder& grad, Out<S> d_x) const {
    detail::check_begin_backward("ContextDecoder.begin_backward", stack, tape.stack, word, x, grad.stack, d_x);
    check_contexts("ContextDecoder.begin_backward", tape, 0, x.cols());
    const auto& bottom = tape.stack.layers.front();
    stack.accumulate(tape.stack, grad.stack);
    stack.bottom().accumulate(taken(tape), word, bottom.d_a, grad.stack.layers.front());
    stack.bottom().accumulate(x, 0, bottom.d_a, grad.stack.layers.front());
    stack.bottom().project_backward(bottom.d_a, 0, d_x);
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
    detail::check_room(function, "tape.taken", tape.taken, memory_size(), first, n, begin);
    detail::check_room(function, "tape.kept_share", tape.kept_share, 1, first, n, begin);
  }
  void check_context_gradients(const char* function, const DecoderTape<S>& tape) const {
    constexpr const char* finish = "; call finish_backward(x, state, tape, grad, d_x) first";
    detail::check_like(function, "tape.d_contexts", tape.d_contexts, tape.contexts, finish);
    if (!readout.reads_previous()) return;
    detail::check_size(function, "tape.d_previous", tape.d_previous, stack.hidden_size(), tape.contexts.cols(), finish);
  }

  /// The contexts as the cell takes them in.
  In<S> taken(const DecoderTape<S>& tape) const {
    if (context_dropout.rate > 0) return tape.taken;
    return tape.contexts;
  }

  void drop_contexts(RandomStreams random, Index first, Index n, DecoderTape<S>& tape) const {
    auto share = tape.kept_share.middleCols(first, n);
    share.setOnes();
    context_dropout.forward_step(random, first, share, tape.mask);
    tape.taken.middleCols(first, n) = tape.contexts.middleCols(first, n) * share.row(0).asDiagonal();
  }

  /// The states that the readout sees.
  In<S> shown(const DecoderTape<S>& tape) const {
    const auto& top = tape.stack.top();
    if (readout.reads_previous()) return top.previous.topRows(stack.hidden_size());
    return top.outputs;
  }
};

}  // namespace heed::inline v0_1
