#pragma once

#include <heed/cells/context_gru.hpp>
#include <heed/decoders/decoder.hpp>
#include <heed/layers/linear.hpp>
#include <heed/maxout_readout.hpp>

#include <algorithm>

namespace heed::inline v0_1 {

/// The sizes of a `ChoDecoder`. Each must be 1 or more.
struct ChoDecoderOptions {
  Index word_size = 0;     ///< rows of an embedded word
  Index memory_size = 0;   ///< rows of the memory's summary
  Index code_size = 0;     ///< rows of the code c that is made of it
  Index hidden_size = 0;   ///< rows of h
  Index layers = 1;        ///< recurrent layers
  Index feature_size = 0;  ///< rows of the features, which the output layer reads
  double dropout = 0;      ///< rate between layers
};

/// The decoder of Cho et al. 2014 (arXiv 1406.1078v3, appendix A.1.2; c: A.1.1): one code c of the sentence is where it
/// begins, and is seen by every gate, inside the reset product, and by the readout.
///
///   c = tanh(V h_T)        s_0 = tanh(V' c)        s_i = cell([E y_{i-1}; c], s_{i-1})
///   t~_i = O_h s_i + O_y E y_{i-1} + O_c c         features_i = of every two numbers of t~_i the larger
///
/// h_T is the memory's summary. Biases, which the paper leaves out of its equations, stand where the parts have them. Its
/// O_y reads the word y_{i-1} itself; here it reads E y_{i-1}, which is a matrix for the word of the embedding's rank. For
/// the encoder-decoder to the letter the encoder's cell is `GruCell<S, Dynamic, Dynamic, gru_forms::cho>`, in one layer and
/// one direction, and `symbols::begin` is embedded as zeros.
template <class S>
struct ChoDecoder {
  using Scalar = S;

  Linear<S> code;                  ///< V: memory size -> code size
  Stack<ContextGruCell<S>> stack;  ///< the recurrent layers; the first reads [E y_{i-1}; c]
  Bridge<S> bridge;                ///< V', for each layer: code size -> state size
  MaxoutReadout<S> readout;        ///< O, which reads the state after the step

  ChoDecoder() = default;
  /// Throws unless every size is 1 or more.
  explicit ChoDecoder(const ChoDecoderOptions& options)
      : code((check(options), options.memory_size), options.code_size),
        stack({.input_size = options.word_size + options.code_size,
               .hidden_size = options.hidden_size,
               .layers = options.layers,
               .dropout = options.dropout}),
        bridge({.summary_size = options.code_size, .state_size = options.hidden_size, .layers = options.layers}),
        readout({.state_size = options.hidden_size,
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
    detail::check_size(name, "memory.summary", memory.summary, memory_size(), memory.sentences());
    detail::check_sentences(name, memory, state.sentences);
    detail::check_count(name, "the layers of the bridge", bridge.layer_count(), stack.layers.size());
    tape.code.summaries.assign(memory.summary);
    tape.code.codes.resize(code.output_size(), memory.sentences());
    code.forward(tape.code.summaries, tape.code.codes);
    Tanh::forward(tape.code.codes);
    bridge.forward(tape.code.codes, state.sentences, tape.summaries, state.layers);
    state.feed.resize(0, state.columns());
    state.carry.resize(0, state.columns());
  }

  void begin(const In<S>& x, const Memory<S>&, DecoderTape<S>& tape) const {
    detail::check_size("ChoDecoder.begin", "x", x, word_size(), x.cols());
    stack.begin(x.cols(), tape.stack);
    tape.weights.resize(0, x.cols());
    tape.contexts.resize(code.output_size(), x.cols());
    stack.bottom().project(x, 0, tape.stack.layers.front().trace);
  }

  /// The context of each column is the code of its sentence.
  void step(const Memory<S>&, DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
            RandomStreams random) const {
    detail::check_state("ChoDecoder.step", stack, state, 0, n);
    detail::check_steps("ChoDecoder.step", stack, tape.stack, first, n);
    check_contexts("ChoDecoder.step", tape, first, n);
    check_codes("ChoDecoder.step", "tape.code.codes", tape.code.codes, state,
                "; call start(memory, state, tape) first");
    auto contexts = tape.contexts.middleCols(first, n);
    for (Index i = 0; i < n; ++i) contexts.col(i) = tape.code.codes.col(sentence(state, i));
    stack.bottom().project(contexts, word_size(), tape.stack.layers.front().trace.middleCols(first, n));
    stack.step(tape.stack, first, n, state.layers, random);
  }

  void finish(const In<S>& x, DecoderTape<S>& tape) const {
    detail::check_words("ChoDecoder.finish", stack, tape.stack, word_size(), x);
    check_contexts("ChoDecoder.finish", tape, 0, x.cols());
    detail::read_out(readout, stack, x, tape);
  }

  void finish_backward(const In<S>& x, const DecoderState<S>& state, DecoderTape<S>& tape, ChoDecoder& grad,
                       Out<S> d_x) const {
    constexpr const char* name = "ChoDecoder.finish_backward";
    detail::check_finish_backward(name, stack, tape, word_size(), feature_size(), x, d_x);
    check_contexts(name, tape, 0, x.cols());
    stack.begin_backward(x.cols(), state.columns(), tape.stack);
    zero_like(tape.contexts, tape.d_contexts);
    zero_like(tape.code.codes, tape.code.d_codes);
    detail::read_out_backward(readout, stack, x, tape, grad.readout, d_x);
  }

  void step_backward(const Memory<S>&, const DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
                     ChoDecoder&, Memory<S>&, RandomStreams random) const {
    constexpr const char *name = "ChoDecoder.step_backward", *finish = "; call finish_backward first";
    detail::check_step_backward(name, stack, tape, state, first, n);
    check_contexts(name, tape, first, n);
    detail::check_context_gradients(name, readout, stack, tape);
    check_codes(name, "tape.code.d_codes", tape.code.d_codes, state, finish);
    auto d_contexts = tape.d_contexts.middleCols(first, n);
    detail::step_backward(readout, stack, tape, first, n, random);
    stack.bottom().project_backward(tape.stack.layers.front().d_a.middleCols(first, n), word_size(),
                                    d_contexts);                                                   // was: project
    for (Index i = 0; i < n; ++i) tape.code.d_codes.col(sentence(state, i)) += d_contexts.col(i);  // was: contexts
  }

  void begin_backward(const In<S>& x, const DecoderTape<S>& tape, ChoDecoder& grad, Out<S> d_x) const {
    constexpr const char* name = "ChoDecoder.begin_backward";
    detail::check_begin_backward(name, stack, tape.stack, word_size(), x, grad.stack, d_x);
    check_contexts(name, tape, 0, x.cols());
    detail::accumulate_inputs(stack, tape.stack, x, In<S>(tape.contexts), grad.stack, d_x);
  }

  void start_backward(const DecoderState<S>& state, DecoderTape<S>& tape, ChoDecoder& grad, Memory<S>& d_memory) const {
    constexpr const char* name = "ChoDecoder.start_backward";
    auto& [summaries, codes, d_codes] = tape.code;
    detail::check_size(name, "d_memory.summary", d_memory.summary, memory_size(), summaries.cols());
    detail::check_count(name, "tape.stack.layers", tape.stack.layers.size(), bridge.layer_count());
    detail::check_count(name, "the layers of grad.bridge", grad.bridge.layers.size(), bridge.layers.size());
    check_codes(name, "tape.code.d_codes", d_codes, state, "; call finish_backward first");
    detail::first_states_backward(name, bridge, state, tape, grad.bridge, Out<S>(d_codes));  // was: s_0 = tanh(V' c)
    Tanh::backward(codes, d_codes);                                                          // was: c = tanh(.)
    code.accumulate(summaries, d_codes, grad.code);                                          // was: V h_T
    code.backward(d_codes, d_memory.summary);                                                // was: V h_T
  }

  void prepare_backward(const Memory<S>&, Memory<S>&, ChoDecoder&) const {}

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

  /// The sentence that column i reads.
  static Index sentence(const DecoderState<S>& state, Index i) { return state.sentences[static_cast<std::size_t>(i)]; }

  void check_contexts(const char* function, const DecoderTape<S>& tape, Index first, Index n) const {
    detail::check_room(function, "tape.contexts", tape.contexts, code.output_size(), first, n,
                       "; call begin(x, memory, tape) first");
  }
  /// Throws unless there is a code, or its gradient, for every sentence that is read.
  void check_codes(const char* function, const char* name, const Buffer<S>& codes, const DecoderState<S>& state,
                   const char* advice) const {
    Index sentences = 0;
    for (const Index b : state.sentences) sentences = std::max(sentences, b + 1);
    detail::check_room(function, name, codes, code.output_size(), 0, sentences, advice);
  }

  static void zero_like(const Buffer<S>& x, Buffer<S>& d) {
    d.resize(x.rows(), x.cols());
    d.setZero();
  }
};

}  // namespace heed::inline v0_1
