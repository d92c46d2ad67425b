#pragma once

#include <heed/cells/context_gru.hpp>
#include <heed/decoders/decoder.hpp>
#include <heed/decoders/maxout_readout.hpp>
#include <heed/layers/linear.hpp>

namespace heed { inline namespace v0_2 {

/// The sizes of a `ChoDecoder`, each 1 or more, and its dropout rate, in [0, 1).
struct ChoDecoderOptions {
  Index word_size = 0;     ///< rows of an embedded word
  Index memory_size = 0;   ///< rows of the memory's summary
  Index code_size = 0;     ///< rows of the code c
  Index hidden_size = 0;   ///< rows of h
  Index layers = 1;        ///< recurrent layers
  Index feature_size = 0;  ///< rows of the features, the input of the output layer
  double dropout = 0;      ///< dropout rate between layers
};

/// The decoder of Cho et al. 2014 (arXiv 1406.1078v3, appendix A.1.2; c: A.1.1). It does not attend. One code c of the
/// source sentence determines the initial state, and is an input of every gate, of the product with the reset gate, and
/// of the readout.
///
///     c = tanh(V h_T)        s_0 = tanh(V' c)        s_i = cell([E y_{i-1}; c], s_{i-1})
///     t~_i = O_h s_i + O_y E y_{i-1} + O_c c         features_i = maximum of each pair of elements of t~_i
///
/// h_T is the summary of the memory. The layers have biases, which the equations of the paper omit. In the paper O_y
/// multiplies the one-hot word y_{i-1}. Here it multiplies the embedded word E y_{i-1}, so the matrix for the word has
/// at most the rank of the embedding. To match the encoder-decoder of the paper exactly, use an encoder with the cell
/// `GruCell<S, Dynamic, Dynamic, gru_forms::cho>`, one layer and one direction, and embed `symbols::bos` as zeros.
template <class S>
struct ChoDecoder {
  using Scalar = S;

  Linear<S> code;                  ///< V: memory size -> code size
  Stack<ContextGruCell<S>> stack;  ///< the recurrent layers; input of the first: [E y_{i-1}; c]
  Bridge<S> bridge;                ///< V', for each layer: code size -> state size
  MaxoutReadout<S> readout;        ///< O; its state is the state after the step

  ChoDecoder() = default;
  /// Throws heed::Error unless every size is 1 or more and the rate is in [0, 1).
  explicit ChoDecoder(const ChoDecoderOptions& options)
      : code((check(options), options.memory_size), options.code_size),
        stack({.input_size = options.word_size + options.code_size,
               .hidden_size = options.hidden_size,
               .layers = options.layers,
               .dropout = options.dropout}),
        bridge({.summary_size = options.code_size, .state_size = options.hidden_size, .layers = options.layers}),
        readout({.hidden_size = options.hidden_size,
                 .context_size = options.code_size,
                 .word_size = options.word_size,
                 .feature_size = options.feature_size}) {
    stack.layers.front().context = options.code_size;
    readout.previous = false;
  }

  Index word_size() const { return stack.bottom().input_size() - code.output_size(); }
  Index feature_size() const { return readout.output_size(); }
  Index memory_size() const { return code.input_size(); }

  void prepare(Memory<S>&) const {}

  void start(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape) const {
    constexpr const char* name = "ChoDecoder.start";
    const Index n = state.columns();
    detail::check_size(name, "memory.summary", memory.summary, memory_size(), memory.sentences());
    detail::check_sentences(name, memory, state.sentences);
    detail::check_count(name, "the layers of the bridge", bridge.layer_count(), stack.layers.size());
    tape.summaries.resize(memory_size(), n);
    for (Index i = 0; i < n; ++i) tape.summaries.col(i) = memory.summary.col(sentence(state, i));
    state.carry.resize(code.output_size(), n);
    code.forward(tape.summaries, state.carry);
    Tanh::forward(state.carry);
    bridge.forward(state.carry, state.layers);
    state.feed.resize(0, n);
  }

  /// Decodes the steps. The context of every step is the code c, which is stored in state.carry.
  void forward(const In<S>& x, const Steps& steps, const Memory<S>&, DecoderState<S>& state, DecoderTape<S>& tape,
               RandomStreams random) const {
    detail::check_size("ChoDecoder.forward", "state.carry", state.carry, code.output_size(), state.columns(),
                       "; call start(memory, state, tape) first");
    detail::check_forward("ChoDecoder.forward", stack, word_size(), 0, x, steps, state);
    stack.begin(x.cols(), tape.stack);
    tape.attention.weights.resize(0, x.cols());
    tape.attention.contexts.resize(code.output_size(), x.cols());
    auto& saved = tape.stack.layers.front().saved;
    stack.bottom().project(x, saved);
    for (Index t = 0; t < steps.count(); ++t) {
      const Index first = steps.first(t), n = steps.active(t);
      auto contexts = tape.attention.contexts.middleCols(first, n);
      contexts = state.carry.leftCols(n);
      stack.bottom().add_projection(contexts, word_size(), saved.middleCols(first, n));
      stack.step(tape.stack, first, n, state.layers, random);
    }
    detail::read_out(readout, stack, x, tape);
  }

  void backward(const In<S>& x, const Steps& steps, const Memory<S>& memory, const DecoderState<S>& state,
                DecoderTape<S>& tape, ChoDecoder& grad, Out<S> d_x, Memory<S>& d_memory, RandomStreams random) const {
    constexpr const char *name = "ChoDecoder.backward", *start = "; call start(memory, state, tape) first";
    const Index n_sentences = state.columns();
    auto& contexts = tape.attention.contexts;
    auto& d_codes = tape.attention.d_carry;
    detail::check_backward(name, *this, x, steps, memory, state, tape, d_x, d_memory);
    detail::check_size(name, "tape.attention.contexts", contexts, code.output_size(), x.cols(), "; call forward first");
    detail::check_size(name, "tape.summaries", tape.summaries, memory_size(), n_sentences, start);
    detail::check_size(name, "d_memory.summary", d_memory.summary, memory_size(), d_memory.sentences());
    stack.begin_backward(x.cols(), n_sentences, tape.stack);
    tape.attention.d_contexts.resize(contexts.rows(), x.cols());
    tape.attention.d_contexts.setZero();
    d_codes.resize(contexts.rows(), n_sentences);
    d_codes.setZero();
    detail::read_out_backward(readout, stack, x, tape, grad.readout, d_x);
    for (Index t = steps.count(); t-- > 0;) {
      const Index first = steps.first(t), n = steps.active(t);
      auto d_contexts = tape.attention.d_contexts.middleCols(first, n);
      detail::step_backward(readout, stack, tape, first, n, random);
      stack.bottom().project_backward(tape.stack.layers.front().d_a.middleCols(first, n), word_size(),
                                      d_contexts);  // was: project
      d_codes.leftCols(n) += d_contexts;            // was: contexts = code
    }
    detail::accumulate_inputs(stack, tape.stack, x, In<S>(contexts), grad.stack, d_x);
    const auto codes = contexts.leftCols(n_sentences);  // first step: one column for every sentence
    for (std::size_t l = 0; l < bridge.layer_count(); ++l) {
      auto& layer = tape.stack.layers[l];
      bridge.backward(l, codes, layer.previous.leftCols(n_sentences), layer.d_state, grad.bridge,
                      d_codes);  // was: s_0 = tanh(V' c)
    }
    Tanh::backward(codes, d_codes);                       // was: c = tanh(.)
    code.accumulate(tape.summaries, d_codes, grad.code);  // was: V h_T
    for (Index i = 0; i < n_sentences; ++i) {
      code.backward(d_codes.col(i), d_memory.summary.col(sentence(state, i)));  // was: V h_T
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("code", self.code...);
    visit("stack", self.stack...);
    visit("bridge", self.bridge...);
    visit("readout", self.readout...);
  }

 private:
  static void check(const ChoDecoderOptions& options) {
    detail::check_options("ChoDecoder", {{"word_size", options.word_size},
                                         {"memory_size", options.memory_size},
                                         {"code_size", options.code_size},
                                         {"hidden_size", options.hidden_size},
                                         {"layers", options.layers},
                                         {"feature_size", options.feature_size}});
  }

  /// The sentence of column i.
  static Index sentence(const DecoderState<S>& state, Index i) { return detail::at(state.sentences, i); }
};

}}  // namespace heed::v0_2
