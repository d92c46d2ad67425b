#pragma once

#include <heed/decoders/decoder.hpp>
#include <heed/products.hpp>

#include <concepts>

namespace heed::inline v0_1 {

/// The sizes of an `AttentionalDecoder`. Each must be 1 or more.
struct AttentionalDecoderOptions {
  Index word_size = 0;        ///< rows of an embedded word
  Index memory_size = 0;      ///< rows of a value of the memory, and of a context
  Index hidden_size = 0;      ///< rows of h
  Index layers = 1;           ///< recurrent layers
  Index feature_size = 0;     ///< rows of the attentional vector h~, which the output layer reads
  bool input_feeding = true;  ///< whether h~ of the last step joins the first layer's input
  double dropout = 0;         ///< rate between layers
};

/// A decoder whose answer to the *current* top state meets it after the recurrence, in an attentional vector h~:
///
///   s_i = cell([E y_{i-1}; h~_{i-1}], s_{i-1})        without input feeding: cell(E y_{i-1}, s_{i-1})
///   c_i = look(h_i)                                    equation 7 of Luong, Pham & Manning 2015: its weights
///   h~_i = tanh(W [c_i; h_i])                          equation 5, context first, no bias
///
/// h~_0 = 0 (section 3.3). With an `Attention` this is their decoder (decoders/luong.hpp). The weights of step i are those
/// used to predict word i.
template <Cell C, Look LookType>
struct AttentionalDecoder {
  using Scalar = typename C::Scalar;
  using S = Scalar;

  Stack<C> stack;             ///< the recurrent layers
  LookType attention;         ///< how it looks back
  Bridge<S> bridge;           ///< where it begins
  Weight<S> W;                ///< features x (memory + hidden) (the paper's W_c)
  Index word = 0;             ///< size of an embedded word: where the fed-back vector's block of the first W begins
  bool input_feeding = true;  ///< whether h~ of the last step joins the first layer's input

  AttentionalDecoder() = default;

  /// Each cell is C(input, hidden). Throws unless every size is 1 or more and `look` takes queries of the state's size and
  /// a memory of that size. `look` may be left out if a default-constructed one has its sizes.
  explicit AttentionalDecoder(const AttentionalDecoderOptions& options,
                              LookType look = LookType()) requires std::constructible_from<C, Index, Index>
      : AttentionalDecoder(options, std::move(look), detail::MakeCell<C>()) {}

  /// Each cell is `make(input, hidden)`: for cells that take more than two sizes.
  template <class MakeCell>
  AttentionalDecoder(const AttentionalDecoderOptions& options, LookType look, MakeCell&& make)
      : stack(stack_options(options), make),
        attention(std::move(look)),
        bridge(
            {.summary_size = options.memory_size, .state_size = stack.bottom().state_size(), .layers = options.layers}),
        W(options.feature_size, options.memory_size + options.hidden_size),
        word(options.word_size),
        input_feeding(options.input_feeding) {
    attention.check(options.hidden_size, options.memory_size);
  }

  Index word_size() const { return word; }
  Index feature_size() const { return W.rows(); }
  Index memory_size() const { return W.cols() - stack.hidden_size(); }

  void prepare(Memory<S>& memory) const { attention.prepare(memory); }

  void start(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape) const {
    detail::check_start("AttentionalDecoder.start", bridge, stack, memory, state.sentences);
    bridge.forward(memory, state.sentences, tape.summaries, state.layers);
    attention.start(memory, state.sentences, state.carry);
    state.feed.resize(feed_size(), state.columns());
    state.feed.setZero();
  }

  void begin(const In<S>& x, const Memory<S>& memory, DecoderTape<S>& tape) const {
    detail::check_size("AttentionalDecoder.begin", "x", x, word, x.cols());
    stack.begin(x.cols(), tape.stack);
    attention.begin(memory, x.cols(), tape);
    tape.feed.vectors.resize(feed_size(), x.cols());
    tape.features.resize(feature_size(), x.cols());
    stack.bottom().project(x, 0, tape.stack.layers.front().trace);
  }

  void step(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
            RandomStreams random) const {
    detail::check_state("AttentionalDecoder.step", stack, state, feed_size(), n);
    detail::check_steps("AttentionalDecoder.step", stack, tape.stack, first, n);
    check_columns("AttentionalDecoder.step", tape, first, n);
    if (input_feeding) {
      auto feed = tape.feed.vectors.middleCols(first, n);
      feed = state.feed.leftCols(n);
      stack.bottom().project(feed, word, tape.stack.layers.front().trace.middleCols(first, n));
    }
    stack.step(tape.stack, first, n, state.layers, random);
    const auto h = tape.stack.top().outputs.middleCols(first, n);
    auto features = tape.features.middleCols(first, n);
    attention.forward(h, memory, detail::reading(state, n), state.carry.leftCols(n), tape, first, random);
    features.setZero();
    add_product(W.leftCols(memory_size()), tape.contexts.middleCols(first, n), features);
    add_product(W.rightCols(stack.hidden_size()), h, features);
    Tanh::forward(features);
    if (input_feeding) state.feed.leftCols(n) = features;
  }

  void finish(const In<S>& x, DecoderTape<S>& tape) const {
    detail::check_words("AttentionalDecoder.finish", stack, tape.stack, word, x);
    check_columns("AttentionalDecoder.finish", tape, 0, x.cols());
  }

  void finish_backward(const In<S>& x, const DecoderState<S>& state, DecoderTape<S>& tape, AttentionalDecoder&,
                       Out<S> d_x) const {
    detail::check_finish_backward("AttentionalDecoder.finish_backward", stack, tape, word, feature_size(), x, d_x);
    check_columns("AttentionalDecoder.finish_backward", tape, 0, x.cols());
    stack.begin_backward(x.cols(), state.columns(), tape.stack);
    attention.begin_backward(state.columns(), tape);
    tape.feed.d_vector.resize(tape.feed.vectors.rows(), state.columns());
    tape.feed.d_vector.setZero();
  }

  void step_backward(const Memory<S>& memory, const DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
                     AttentionalDecoder& grad, Memory<S>& d_memory, RandomStreams random) const {
    detail::check_step_backward("AttentionalDecoder.step_backward", stack, tape, state, first, n);
    check_columns("AttentionalDecoder.step_backward", tape, first, n);
    check_gradients("AttentionalDecoder.step_backward", tape, state.columns());
    auto d_features = tape.d_features.middleCols(first, n), d_contexts = tape.d_contexts.middleCols(first, n);
    auto d_h = tape.stack.top().d_outputs.middleCols(first, n);
    auto d_feed = tape.feed.d_vector.leftCols(n);
    if (input_feeding) d_features += d_feed;                                  // was: feed = features
    Tanh::backward(tape.features.middleCols(first, n), d_features);           // was: features = tanh(.)
    add_product_backward(W.rightCols(stack.hidden_size()), d_features, d_h);  // was: W [c; h]
    add_product_backward(W.leftCols(memory_size()), d_features, d_contexts);  // was: W [c; h]
    attention.backward(memory, detail::reading(state, n), tape, first, grad.attention, d_h,
                       d_memory);                       // was: attention
    stack.step_backward(tape.stack, first, n, random);  // was: stack.step
    if (!input_feeding) return;
    d_feed.setZero();
    stack.bottom().project_backward(tape.stack.layers.front().d_a.middleCols(first, n), word, d_feed);  // was: project
  }

  void begin_backward(const In<S>& x, const DecoderTape<S>& tape, AttentionalDecoder& grad, Out<S> d_x) const {
    detail::check_begin_backward("AttentionalDecoder.begin_backward", stack, tape.stack, word, x, grad.stack, d_x);
    check_columns("AttentionalDecoder.begin_backward", tape, 0, x.cols());
    check_gradients("AttentionalDecoder.begin_backward", tape, 0);
    detail::check_like("AttentionalDecoder.begin_backward", "grad.W", grad.W, W);
    const auto& h = tape.stack.top().outputs;
    detail::accumulate_inputs(stack, tape.stack, x, In<S>(tape.feed.vectors), grad.stack, d_x);
    attention.accumulate(h, tape, grad.attention);
    add_outer_product(tape.d_features, tape.contexts, grad.W.edit().leftCols(memory_size()));
    add_outer_product(tape.d_features, h, grad.W.edit().rightCols(stack.hidden_size()));
  }

  void start_backward(const DecoderState<S>& state, DecoderTape<S>& tape, AttentionalDecoder& grad,
                      Memory<S>& d_memory) const {
    detail::bridge_backward("AttentionalDecoder.start_backward", bridge, state, tape, grad.bridge, d_memory);
  }

  void prepare_backward(const Memory<S>& memory, Memory<S>& d_memory, AttentionalDecoder& grad) const {
    attention.prepare_backward(memory, d_memory, grad.attention);
  }

  static constexpr ParameterRole role(std::string_view) { return ParameterRole::weight; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("stack", self.stack...);
    visit("attention", self.attention...);
    visit("bridge", self.bridge...);
    visit("W", self.W...);
    visit("word", self.word...);
    visit("input_feeding", self.input_feeding...);
  }

 private:
  /// Throws unless every size is 1 or more.
  static StackOptions stack_options(const AttentionalDecoderOptions& options) {
    detail::check_options("AttentionalDecoder", {{"word_size", options.word_size},
                                                 {"memory_size", options.memory_size},
                                                 {"hidden_size", options.hidden_size},
                                                 {"layers", options.layers},
                                                 {"feature_size", options.feature_size}});
    return {.input_size = options.word_size + (options.input_feeding ? options.feature_size : 0),
            .hidden_size = options.hidden_size,
            .layers = options.layers,
            .dropout = options.dropout};
  }

  /// Rows of the vector that is fed back.
  Index feed_size() const { return input_feeding ? feature_size() : 0; }

  void check_columns(const char* function, const DecoderTape<S>& tape, Index first, Index n) const {
    constexpr const char* begin = "; call begin(x, memory, tape) first";
    detail::check_room(function, "tape.contexts", tape.contexts, memory_size(), first, n, begin);
    detail::check_room(function, "tape.feed.vectors", tape.feed.vectors, feed_size(), first, n, begin);
    detail::check_room(function, "tape.features", tape.features, feature_size(), first, n, begin);
  }
  void check_gradients(const char* function, const DecoderTape<S>& tape, Index columns) const {
    constexpr const char* finish = "; call finish_backward(x, state, tape, grad, d_x) first";
    detail::check_like(function, "tape.d_contexts", tape.d_contexts, tape.contexts, finish);
    detail::check_like(function, "tape.d_features", tape.d_features, tape.features, "; fill it before backward");
    detail::check_room(function, "tape.feed.d_vector", tape.feed.d_vector, feed_size(), 0, columns, finish);
  }
};

}  // namespace heed::inline v0_1
