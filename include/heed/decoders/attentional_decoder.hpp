#pragma once

#include <heed/decoders/decoder.hpp>
#include <heed/kernels/products.hpp>

#include <concepts>

namespace heed { inline namespace v0_2 {

/// The sizes of an `AttentionalDecoder`, each 1 or more, and its dropout rate, in [0, 1).
struct AttentionalDecoderOptions {
  Index word_size = 0;        ///< rows of an embedded word
  Index memory_size = 0;      ///< rows of a value of the memory, and of a context
  Index hidden_size = 0;      ///< rows of h
  Index layers = 1;           ///< recurrent layers
  Index feature_size = 0;     ///< rows of the attentional vector h~, the input of the output layer
  bool input_feeding = true;  ///< whether the first layer's input includes h~ of the last step
  double dropout = 0;         ///< dropout rate between layers
};

/// A decoder that attends with its *current* top state, and combines the context with this state after the recurrence,
/// in an attentional vector h~:
///
///     s_i = cell([E y_{i-1}; h~_{i-1}], s_{i-1})        without input feeding: cell(E y_{i-1}, s_{i-1})
///     c_i = attention(h_i)                               weights: equation 7 of Luong, Pham & Manning 2015
///     h~_i = tanh(W [c_i; h_i])                          equation 5, context first, no bias
///
/// h~_0 = 0 (section 3.3). With `Attention` this is the decoder of Luong et al. (decoders/luong.hpp). The weights of
/// step i are the ones that are used to predict word i.
template <Cell C, AttentionMechanism AttentionType>
struct AttentionalDecoder {
  using Scalar = typename C::Scalar;
  using S = Scalar;

  Stack<C> stack;             ///< the recurrent layers
  AttentionType attention;    ///< attention over the memory
  Bridge<S> bridge;           ///< computes the initial state
  Weight<S> W;                ///< features x (memory + hidden) (the paper's W_c)
  Index word = 0;             ///< rows of an embedded word; the block of h~ in the first cell's W begins at this column
  bool input_feeding = true;  ///< whether the first layer's input includes h~ of the last step

  AttentionalDecoder() = default;

  /// Constructs each cell as C(input, hidden). Throws heed::Error unless every size is 1 or more, the rate is in [0, 1)
  /// and `mechanism` accepts queries of hidden_size rows and a memory of memory_size rows. `mechanism` can be omitted
  /// if a default-constructed one has these sizes.
  explicit AttentionalDecoder(
      const AttentionalDecoderOptions& options,
      AttentionType mechanism = AttentionType()) requires std::constructible_from<C, Index, Index>
      : AttentionalDecoder(options, std::move(mechanism), detail::MakeCell<C>()) {}

  /// Constructs each cell as make(input, hidden), for cells with other constructor arguments.
  template <class MakeCell>
  AttentionalDecoder(const AttentionalDecoderOptions& options, AttentionType mechanism, MakeCell&& make)
      : stack(stack_options(options), make),
        attention(std::move(mechanism)),
        bridge(
            {.summary_size = options.memory_size, .state_size = stack.bottom().state_size(), .layers = options.layers}),
        W(options.feature_size, options.memory_size + options.hidden_size),
        word(options.word_size),
        input_feeding(options.input_feeding) {
    detail::check_attention("AttentionalDecoder", attention, options.hidden_size, options.memory_size);
  }

  Index word_size() const { return word; }
  Index feature_size() const { return W.rows(); }
  Index memory_size() const { return W.cols() - stack.hidden_size(); }

  void prepare(Memory<S>& memory) const { attention.prepare(memory); }

  void start(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape) const {
    detail::check_start("AttentionalDecoder.start", bridge, stack, memory, state.sentences);
    bridge.forward(memory, state.sentences, tape.summaries, state.layers);
    start_attention(attention, memory, state.sentences, state.carry);
    state.feed.resize(feed_size(), state.columns());
    state.feed.setZero();
  }

  void forward(const In<S>& x, const Steps& steps, const Memory<S>& memory, DecoderState<S>& state,
               DecoderTape<S>& tape, RandomStreams random) const {
    detail::check_forward("AttentionalDecoder.forward", stack, word, feed_size(), x, steps, state);
    detail::check_values("AttentionalDecoder.forward", memory, memory_size());
    stack.begin(x.cols(), tape.stack);
    begin_attention(attention, memory, x.cols(), tape.attention);
    tape.joined.vectors.resize(feed_size(), x.cols());
    tape.features.resize(feature_size(), x.cols());
    auto& saved = tape.stack.layers.front().saved;
    stack.bottom().project(x, saved);
    for (Index t = 0; t < steps.count(); ++t) {
      const Index first = steps.first(t), n = steps.active(t);
      auto feed = tape.joined.vectors.middleCols(first, n), features = tape.features.middleCols(first, n);
      if (input_feeding) {
        feed = state.feed.leftCols(n);
        stack.bottom().add_projection(feed, word, saved.middleCols(first, n));
      }
      stack.step(tape.stack, first, n, state.layers, random);
      const auto h = tape.stack.top().outputs.middleCols(first, n);
      attention.forward(h, memory, detail::sentences_of(state, n), state.carry.leftCols(n), tape.attention, first,
                        random);
      features.setZero();
      add_product(W.leftCols(memory_size()), tape.attention.contexts.middleCols(first, n), features);
      add_product(W.rightCols(stack.hidden_size()), h, features);
      Tanh::forward(features);
      if (input_feeding) state.feed.leftCols(n) = features;
    }
  }

  void backward(const In<S>& x, const Steps& steps, const Memory<S>& memory, const DecoderState<S>& state,
                DecoderTape<S>& tape, AttentionalDecoder& grad, Out<S> d_x, Memory<S>& d_memory,
                RandomStreams random) const {
    constexpr const char* name = "AttentionalDecoder.backward";
    detail::check_backward(name, *this, x, steps, memory, state, tape, d_x, d_memory);
    detail::check_size(name, "tape.attention.contexts", tape.attention.contexts, memory_size(), x.cols(),
                       "; call forward first");
    detail::check_size(name, "tape.joined.vectors", tape.joined.vectors, feed_size(), x.cols(), "; call forward first");
    detail::check_like(name, "grad.W", grad.W, W);
    stack.begin_backward(x.cols(), state.columns(), tape.stack);
    begin_attention_backward(state.columns(), tape.attention);
    tape.joined.d_vectors.resize(feed_size(), state.columns());  // dL/dh~ that a step passes to the previous step
    tape.joined.d_vectors.setZero();
    const auto& h = tape.stack.top().outputs;
    for (Index t = steps.count(); t-- > 0;) {
      const Index first = steps.first(t), n = steps.active(t);
      auto d_features = tape.d_features.middleCols(first, n), d_feed = tape.joined.d_vectors.leftCols(n);
      auto d_contexts = tape.attention.d_contexts.middleCols(first, n);
      auto d_h = tape.stack.top().d_outputs.middleCols(first, n);
      if (input_feeding) d_features += d_feed;                                  // was: feed = features
      Tanh::backward(tape.features.middleCols(first, n), d_features);           // was: features = tanh(.)
      add_product_backward(W.rightCols(stack.hidden_size()), d_features, d_h);  // was: W [c; h]
      add_product_backward(W.leftCols(memory_size()), d_features, d_contexts);  // was: W [c; h]
      attention.backward(memory, detail::sentences_of(state, n), tape.attention, first, grad.attention, d_h,
                         d_memory);                       // was: attention
      stack.step_backward(tape.stack, first, n, random);  // was: stack.step
      if (!input_feeding) continue;
      d_feed.setZero();
      stack.bottom().project_backward(tape.stack.layers.front().d_a.middleCols(first, n), word,
                                      d_feed);  // was: project
    }
    detail::accumulate_inputs(stack, tape.stack, x, In<S>(tape.joined.vectors), grad.stack, d_x);
    attention.finish_backward(h, memory, tape.attention, grad.attention, d_memory);
    add_outer_product(tape.d_features, tape.attention.contexts, grad.W.edit().leftCols(memory_size()));
    add_outer_product(tape.d_features, h, grad.W.edit().rightCols(stack.hidden_size()));
    detail::bridge_backward(bridge, state, tape, grad.bridge, d_memory);
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
  /// Throws heed::Error unless every size is 1 or more.
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

  /// Rows of the fed-back vector; 0 without input feeding.
  Index feed_size() const { return input_feeding ? feature_size() : 0; }
};

}}  // namespace heed::v0_2
