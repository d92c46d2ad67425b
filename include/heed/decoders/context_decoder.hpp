#pragma once

#include <heed/decoders/decoder.hpp>
#include <heed/decoders/readout.hpp>
#include <heed/layers/dropout.hpp>

#include <concepts>
#include <span>

namespace heed { inline namespace v0_2 {

/// The sizes of a `ContextDecoder`, each 1 or more, and its dropout rate, in [0, 1).
struct ContextDecoderOptions {
  Index word_size = 0;       ///< rows of an embedded word
  Index memory_size = 0;     ///< rows of a value of the memory, and of a context
  Index hidden_size = 0;     ///< rows of h
  Index layers = 1;          ///< recurrent layers
  Index feature_size = 0;    ///< rows of the features, the input of the output layer
  double dropout = 0;        ///< dropout rate between layers
  bool conditional = false;  ///< whether a cell reads the word before attention: see `ContextDecoder`
};

/// A decoder whose recurrent cell takes a context as input at every step:
///
///     c_i = attention(s_{i-1})    s_i = cell([E y_{i-1}; c_i], s_{i-1})    features_i = readout(s_i, c_i, E y_{i-1})
///
/// E y_{i-1} is the embedded previous word. [a; b] is a above b. Attention and readout use only the hidden state h of
/// s. With several layers the query is the previous h of the top layer, and the context is an input of the first layer.
///
/// A `conditional` decoder has a second cell, so that the query depends on the previous word (Sennrich et al. 2017,
/// "Nematus", section 2: the conditional GRU):
///
///     s'_i = transition(E y_{i-1}, s_{i-1})    c_i = attention(s'_i)    s_i = cell(c_i, s'_i)
///
/// With several layers s, s' and the query belong to the first layer.
///
/// With `Attention` this is the decoder of Bahdanau et al. (decoders/bahdanau.hpp). With `FixedVector` it is the
/// decoder without attention (decoders/plain.hpp). `ReadoutType` is `Readout` (a tanh layer), `MaxoutReadout`,
/// `DeepOutput`, `StateReadout`, or your own class template (see `ReadoutOptions`).
template <Cell C, AttentionMechanism AttentionType, template <class> class ReadoutType = Readout>
struct ContextDecoder {
  using Scalar = typename C::Scalar;
  using S = Scalar;

  Stack<C> stack;           ///< the recurrent layers
  Stack<C> transition;      ///< the cell before attention, if the decoder is conditional, otherwise no layers
  AttentionType attention;  ///< attention over the memory
  Bridge<S> bridge;         ///< computes the initial state
  ReadoutType<S> readout;   ///< computes the features, the input of the output layer
  Index word = 0;           ///< rows of an embedded word

  /// Dropout of whole context vectors at the input of the cell, drawn for every step unless `per_sentence` is set. The
  /// readout gets the contexts without this dropout. The aim: the state holds less information from earlier contexts,
  /// so each step has to attend to the part of the memory that its word needs.
  Dropout<S> context_dropout;

  ContextDecoder() = default;

  /// Constructs each cell as C(input, hidden). Throws heed::Error unless every size is 1 or more, the rate is in [0, 1)
  /// and `mechanism` accepts queries of hidden_size rows and a memory of memory_size rows. `mechanism` can be omitted
  /// if a default-constructed one has these sizes.
  explicit ContextDecoder(const ContextDecoderOptions& options,
                          AttentionType mechanism = AttentionType()) requires std::constructible_from<C, Index, Index>
      : ContextDecoder(options, std::move(mechanism), detail::MakeCell<C>()) {}

  /// Constructs each cell as make(input, hidden), for cells with other constructor arguments.
  template <class MakeCell>
  ContextDecoder(const ContextDecoderOptions& options, AttentionType mechanism, MakeCell&& make)
      : stack(stack_options(options), make),
        transition(options.conditional
                       ? Stack<C>({.input_size = options.word_size, .hidden_size = options.hidden_size}, make)
                       : Stack<C>()),
        attention(std::move(mechanism)),
        bridge(
            {.summary_size = options.memory_size, .state_size = stack.bottom().state_size(), .layers = options.layers}),
        readout({.hidden_size = options.hidden_size,
                 .context_size = options.memory_size,
                 .word_size = options.word_size,
                 .feature_size = options.feature_size}),
        word(options.word_size) {
    detail::check_attention("ContextDecoder", attention, options.hidden_size, options.memory_size);
  }

  Index word_size() const { return word; }
  Index feature_size() const { return readout.output_size(); }
  Index memory_size() const { return stack.bottom().input_size() - context_column(); }
  bool conditional() const { return !transition.layers.empty(); }
  /// The column at which the block of c begins in the W of the first cell of `stack`.
  Index context_column() const { return conditional() ? 0 : word; }

  void prepare(Memory<S>& memory) const { attention.prepare(memory); }

  void start(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape) const {
    detail::check_start("ContextDecoder.start", bridge, stack, memory, state.sentences);
    bridge.forward(memory, state.sentences, tape.summaries, state.layers);
    start_attention(attention, memory, state.sentences, state.carry);
    state.feed.resize(0, state.columns());
  }

  void forward(const In<S>& x, const Steps& steps, const Memory<S>& memory, DecoderState<S>& state,
               DecoderTape<S>& tape, RandomStreams random) const {
    detail::check_forward("ContextDecoder.forward", stack, word, 0, x, steps, state);
    detail::check_values("ContextDecoder.forward", memory, memory_size());
    stack.begin(x.cols(), tape.stack);
    transition.begin(x.cols(), tape.transition);
    begin_attention(attention, memory, x.cols(), tape.attention);
    if (context_dropout.rate > 0) {
      tape.joined.vectors.resize(memory_size(), x.cols());
      tape.joined.factors.resize(1, x.cols());
      tape.joined.mask.resize(1, x.cols());
    }
    const In<S> contexts = cell_contexts(tape);
    auto& saved = tape.stack.layers.front().saved;
    if (conditional()) {
      transition.bottom().project(x, tape.transition.top().saved);
    } else {
      stack.bottom().project(x, saved);
    }
    for (Index t = 0; t < steps.count(); ++t) {
      const Index first = steps.first(t), n = steps.active(t);
      if (conditional()) {
        transition.step(tape.transition, first, n, std::span(state.layers).first(1), random);
      }
      const auto& query = conditional() ? state.layers.front() : state.layers.back();
      attention.forward(query.topRows(stack.hidden_size()).leftCols(n), memory, detail::sentences_of(state, n),
                        state.carry.leftCols(n), tape.attention, first, random);
      if (context_dropout.rate > 0) drop_contexts(random, first, n, tape);
      if (conditional()) {
        stack.bottom().project(contexts.middleCols(first, n), saved.middleCols(first, n));
      } else {
        stack.bottom().add_projection(contexts.middleCols(first, n), word, saved.middleCols(first, n));
      }
      stack.step(tape.stack, first, n, state.layers, random);
    }
    detail::read_out(readout, stack, x, tape);
  }

  void backward(const In<S>& x, const Steps& steps, const Memory<S>& memory, const DecoderState<S>& state,
                DecoderTape<S>& tape, ContextDecoder& grad, Out<S> d_x, Memory<S>& d_memory,
                RandomStreams random) const {
    constexpr const char *name = "ContextDecoder.backward", *forward = "; call forward first";
    detail::check_backward(name, *this, x, steps, memory, state, tape, d_x, d_memory);
    detail::check_size(name, "tape.attention.contexts", tape.attention.contexts, memory_size(), x.cols(), forward);
    if (context_dropout.rate > 0) {
      detail::check_size(name, "tape.joined.vectors", tape.joined.vectors, memory_size(), x.cols(), forward);
      detail::check_size(name, "tape.joined.factors", tape.joined.factors, 1, x.cols(), forward);
    }
    stack.begin_backward(x.cols(), state.columns(), tape.stack);
    transition.begin_backward(x.cols(), state.columns(), tape.transition);
    begin_attention_backward(state.columns(), tape.attention);
    detail::read_out_backward(readout, stack, x, tape, grad.readout, d_x);
    auto& queries = conditional() ? tape.stack.layers.front() : tape.stack.top();
    for (Index t = steps.count(); t-- > 0;) {
      const Index first = steps.first(t), n = steps.active(t);
      detail::step_backward(readout, stack, tape, first, n, random);
      cell_contexts_backward(first, n, tape);
      attention.backward(memory, detail::sentences_of(state, n), tape.attention, first, grad.attention,
                         queries.d_state.topRows(stack.hidden_size()).leftCols(n), d_memory);  // was: attention
      if (conditional()) transition_backward(first, n, tape, random);
    }
    if (conditional()) {
      stack.accumulate(tape.stack, grad.stack);
      stack.bottom().accumulate(cell_contexts(tape), 0, tape.stack.layers.front().d_a, grad.stack.layers.front());
      detail::accumulate_inputs(transition, tape.transition, x, In<S>(x.topRows(0)), grad.transition, d_x);
    } else {
      detail::accumulate_inputs(stack, tape.stack, x, cell_contexts(tape), grad.stack, d_x);
    }
    attention.finish_backward(queries.previous.topRows(stack.hidden_size()), memory, tape.attention, grad.attention,
                              d_memory);
    auto& entered = conditional() ? tape.transition.top() : tape.stack.layers.front();
    detail::bridge_backward(bridge, state, tape, entered, grad.bridge, d_memory);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("stack", self.stack...);
    visit("transition", self.transition...);
    visit("attention", self.attention...);
    visit("bridge", self.bridge...);
    visit("readout", self.readout...);
    visit("word", self.word...);
    visit("context_dropout", self.context_dropout...);
  }

 private:
  /// Throws heed::Error unless every size is 1 or more.
  static StackOptions stack_options(const ContextDecoderOptions& options) {
    detail::check_options("ContextDecoder", {{"word_size", options.word_size},
                                             {"memory_size", options.memory_size},
                                             {"hidden_size", options.hidden_size},
                                             {"layers", options.layers},
                                             {"feature_size", options.feature_size}});
    return {.input_size = options.memory_size + (options.conditional ? 0 : options.word_size),
            .hidden_size = options.hidden_size,
            .layers = options.layers,
            .dropout = options.dropout};
  }

  /// The contexts at the input of the cell, after dropout.
  In<S> cell_contexts(const DecoderTape<S>& tape) const {
    if (context_dropout.rate > 0) return tape.joined.vectors;
    return tape.attention.contexts;
  }

  void drop_contexts(RandomStreams random, Index first, Index n, DecoderTape<S>& tape) const {
    auto factors = tape.joined.factors.middleCols(first, n);
    factors.setOnes();
    context_dropout.forward_step(random, first, factors, tape.joined.mask);
    tape.joined.vectors.middleCols(first, n) =
        tape.attention.contexts.middleCols(first, n) * factors.row(0).asDiagonal();
  }

  /// Backward of a step of the transition. The gradient of the first layer's state is that after the transition on
  /// input, and that before it on output.
  void transition_backward(Index first, Index n, DecoderTape<S>& tape, RandomStreams random) const {
    auto after = tape.stack.layers.front().d_state.leftCols(n), before = tape.transition.top().d_state.leftCols(n);
    before = after;
    transition.step_backward(tape.transition, first, n, random);  // was: transition.step
    after = before;
  }

  /// Backward of the projection of the contexts and of their dropout. Adds to tape.attention.d_contexts.
  void cell_contexts_backward(Index first, Index n, DecoderTape<S>& tape) const {
    const auto d_a = tape.stack.layers.front().d_a.middleCols(first, n);
    auto d_contexts = tape.attention.d_contexts.middleCols(first, n);
    if (context_dropout.rate == 0)
      return stack.bottom().project_backward(d_a, context_column(), d_contexts);  // was: project
    auto& joined = tape.joined;
    joined.d_vectors.resize(d_contexts.rows(), n);
    joined.d_vectors.setZero();
    stack.bottom().project_backward(d_a, context_column(), joined.d_vectors);               // was: project
    d_contexts += joined.d_vectors * joined.factors.row(0).segment(first, n).asDiagonal();  // was: drop_contexts
  }
};

}}  // namespace heed::v0_2
