#pragma once

#include <heed/cells/context_gru.hpp>
#include <heed/decoders/plain.hpp>
#include <heed/layers/linear.hpp>
#include <heed/maxout_readout.hpp>

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
struct ChoDecoder : ContextDecoder<ContextGruCell<S>, FixedVector<S>, MaxoutReadout> {
  /// What is left once the code is there.
  using Base = ContextDecoder<ContextGruCell<S>, FixedVector<S>, MaxoutReadout>;
  using Scalar = S;

  Linear<S> code;  ///< V: memory size -> code size

  ChoDecoder() = default;
  /// Throws unless every size is 1 or more.
  explicit ChoDecoder(const ChoDecoderOptions& options)
      : Base(base_options(options)), code(options.memory_size, options.code_size) {
    this->stack.layers.front().context = options.code_size;
    this->readout.previous = false;
  }

  Index memory_size() const { return code.input_size(); }

  void start(const Memory<S>& memory, DecoderState<S>& state, DecoderTape<S>& tape) const {
    detail::check_size("ChoDecoder.start", "memory.summary", memory.summary, code.input_size(), memory.sentences());
    tape.coded.assign(memory.summary);
    tape.code.starts.assign(memory.starts.begin(), memory.starts.end());
    tape.code.values.resize(code.output_size(), 0);
    tape.code.summary.resize(code.output_size(), tape.coded.cols());
    code.forward(tape.coded, tape.code.summary);
    Tanh::forward(tape.code.summary);
    Base::start(tape.code, state, tape);
  }

  void begin(const In<S>& x, const Memory<S>&, DecoderTape<S>& tape) const { Base::begin(x, tape.code, tape); }

  void step(const Memory<S>&, DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
            RandomStreams random) const {
    Base::step(tape.code, state, tape, first, n, random);
  }

  void finish_backward(const In<S>& x, const DecoderState<S>& state, DecoderTape<S>& tape, ChoDecoder& grad,
                       Out<S> d_x) const {
    tape.d_code.zeros_like(tape.code);
    Base::finish_backward(x, state, tape, grad, d_x);
  }

  void step_backward(const Memory<S>&, const DecoderState<S>& state, DecoderTape<S>& tape, Index first, Index n,
                     ChoDecoder& grad, Memory<S>&, RandomStreams random) const {
    Base::step_backward(tape.code, state, tape, first, n, grad, tape.d_code, random);
  }

  void start_backward(const DecoderState<S>& state, DecoderTape<S>& tape, ChoDecoder& grad, Memory<S>& d_memory) const {
    detail::check_size("ChoDecoder.start_backward", "d_memory.summary", d_memory.summary, code.input_size(),
                       tape.coded.cols());
    Base::start_backward(state, tape, grad, tape.d_code);
    auto& d = tape.d_code.summary;
    Tanh::backward(tape.code.summary, d);       // was: c = tanh(.)
    code.accumulate(tape.coded, d, grad.code);  // was: V h_T
    code.backward(d, d_memory.summary);         // was: V h_T
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("code", self.code...);
    Base::visit_parameters(visit, self...);
  }

 private:
  /// The context that the cells see is the code. Throws unless every size is 1 or more.
  static ContextDecoderOptions base_options(const ChoDecoderOptions& options) {
    detail::check_options("ChoDecoder", {{"word_size", options.word_size},
                                         {"memory_size", options.memory_size},
                                         {"code_size", options.code_size},
                                         {"hidden_size", options.hidden_size},
                                         {"layers", options.layers},
                                         {"feature_size", options.feature_size}});
    return {.word_size = options.word_size,
            .memory_size = options.code_size,
            .hidden_size = options.hidden_size,
            .layers = options.layers,
            .feature_size = options.feature_size,
            .dropout = options.dropout};
  }
};

}  // namespace heed::inline v0_1
