#pragma once

#include <heed/attention/memory.hpp>
#include <heed/layers/activations.hpp>
#include <heed/layers/linear.hpp>

#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The sizes of a `Bridge` with weight matrices. Each except `first_row` must be 1 or more.
struct BridgeOptions {
  Index summary_size = 0;  ///< rows of the memory's summary
  Index state_size = 0;    ///< `state_size()` of the decoder's cell; for an LSTM 2 * hidden_size: h above c
  Index layers = 1;        ///< layers of the decoder
  Index first_row = 0;     ///< the first used row of the summary; the rows above it are ignored
};

/// Computes the initial states of the decoder from the final states of the encoder, with one weight matrix per decoder
/// layer:
///
///     s_0 = tanh(W summary + b)
///
/// The summary of a recurrent encoder is the final h of its top layer, forward above backward. Bahdanau, Cho & Bengio
/// 2015, section A.2.2, use only the backward direction, the lower half of the summary. For an LSTM, s_0 is h_0 above
/// c_0.
///
/// A bridge made by `copying` has no parameters. It copies the final state of each encoder layer (for an LSTM h and c)
/// to the same decoder layer, as in Sutskever, Vinyals & Le 2014 and Luong, Pham & Manning 2015. The encoder must have
/// one direction, the same number of layers, and states of the same size.
///
/// Throws heed::Error if a size does not match or a sentence is not in the memory.
template <class S>
struct Bridge {
  using Scalar = S;

  std::vector<Linear<S>> layers;  ///< one per decoder layer: used rows of the summary -> state size
  Index first = 0;                ///< the first row of the summary that is used
  Index copied = 0;               ///< number of layers whose state is copied; 0 if there are matrices
  Index state = 0;                ///< rows of a copied state

  Bridge() = default;
  /// Throws heed::Error unless every size is 1 or more and the summary has the row `first_row`.
  explicit Bridge(const BridgeOptions& options) : first(options.first_row) {
    detail::check_options(
        "Bridge",
        {{"summary_size", options.summary_size}, {"state_size", options.state_size}, {"layers", options.layers}});
    detail::check_index("Bridge", "first_row", first, options.summary_size);
    layers.assign(static_cast<std::size_t>(options.layers),
                  Linear<S>(options.summary_size - first, options.state_size));
  }

  /// Returns a bridge that copies the final states: see above.
  static Bridge copying(Index state_size, Index layer_count) {
    Bridge bridge;
    bridge.copied = layer_count;
    bridge.state = state_size;
    return bridge;
  }

  /// The number of initial states, one per decoder layer.
  std::size_t layer_count() const { return copied > 0 ? static_cast<std::size_t>(copied) : layers.size(); }

  /// Resizes states[l] to state size x n, and sets its column i to the initial state of layer l for the sentence
  /// `sentences[i]` of the memory. Unless the bridge copies, saves the used rows of the n summaries in `gathered`, in
  /// the same order, for backward. Does not allocate once the buffers are large enough.
  void forward(const Memory<S>& memory, std::span<const Index> sentences, Buffer<S>& gathered,
               std::vector<Buffer<S>>& states) const {
    check("Bridge.forward", memory, sentences);
    const auto n = static_cast<Index>(sentences.size());
    if (copied == 0) {
      gathered.resize(read_size(), n);
      for (Index i = 0; i < n; ++i) {
        gathered.col(i) = memory.summary.col(detail::at(sentences, i)).bottomRows(gathered.rows());
      }
      return forward(gathered, states);
    }
    states.resize(layer_count());
    for (std::size_t l = 0; l < states.size(); ++l) {
      states[l].resize(state, n);
      for (Index i = 0; i < n; ++i) states[l].col(i) = memory.states[l].col(detail::at(sentences, i));
    }
  }
  /// Overload that takes the used rows of the summaries: one column for each of n states. Throws heed::Error if the
  /// bridge copies.
  void forward(const In<S>& gathered, std::vector<Buffer<S>>& states) const {
    check("Bridge.forward", gathered);
    states.resize(layers.size());
    for (std::size_t l = 0; l < layers.size(); ++l) {
      states[l].resize(layers[l].output_size(), gathered.cols());
      layers[l].forward(gathered, states[l]);
      Tanh::forward(states[l]);
    }
  }

  /// Backward of `forward` for layer l. `states` is states[l] of forward, d_states its gradient (state size x n each).
  /// With weight matrices: overwrites d_states, adds to grad and d_memory.summary. If the bridge copies: adds to
  /// d_memory.states.
  void backward(std::size_t l, const In<S>& gathered, const In<S>& states, std::span<const Index> sentences,
                Out<S> d_states, Bridge& grad, Memory<S>& d_memory) const {
    detail::check_index("Bridge.backward", "l", static_cast<Index>(l), static_cast<Index>(layer_count()));
    check("Bridge.backward", d_memory, sentences);
    if (copied == 0) {
      detail::check_size("Bridge.backward", "gathered", gathered, read_size(), static_cast<Index>(sentences.size()));
      accumulate(l, gathered, states, d_states, grad);
      for (std::size_t i = 0; i < sentences.size(); ++i) {
        layers[l].backward(d_states.col(static_cast<Index>(i)),
                           d_memory.summary.col(sentences[i]).bottomRows(gathered.rows()));
      }
      return;
    }
    detail::check_size("Bridge.backward", "d_states", d_states, state, static_cast<Index>(sentences.size()));
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      d_memory.states[l].col(sentences[i]) += d_states.col(static_cast<Index>(i));  // was: states = memory.states
    }
  }
  /// Overload for the `forward` that takes the used rows of the summaries. Overwrites d_states, adds to grad and
  /// d_gathered.
  void backward(std::size_t l, const In<S>& gathered, const In<S>& states, Out<S> d_states, Bridge& grad,
                Out<S> d_gathered) const {
    detail::check_index("Bridge.backward", "l", static_cast<Index>(l), static_cast<Index>(layer_count()));
    check("Bridge.backward", gathered);
    detail::check_like("Bridge.backward", "d_gathered", d_gathered, gathered);
    accumulate(l, gathered, states, d_states, grad);
    layers[l].backward(d_states, d_gathered);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("layers", self.layers...);
    visit("first", self.first...);
    visit("copied", self.copied...);
    visit("state", self.state...);
  }

 private:
  /// Number of rows of the summary that are used.
  Index read_size() const { return layers.empty() ? 0 : layers.front().input_size(); }

  /// d_states holds dL/dstates on input and the gradient before the tanh on output. Adds to grad.
  void accumulate(std::size_t l, const In<S>& gathered, const In<S>& states, Out<S> d_states, Bridge& grad) const {
    const Index n = gathered.cols();
    detail::check_size("Bridge.backward", "gathered", gathered, read_size(), n);
    detail::check_size("Bridge.backward", "d_states", d_states, layers[l].output_size(), n);
    detail::check_size("Bridge.backward", "states", states, layers[l].output_size(), n);
    detail::check_grad("Bridge.backward", *this, grad);
    Tanh::backward(states, d_states);
    layers[l].accumulate(gathered, d_states, grad.layers[l]);
  }

  /// Throws heed::Error unless the memory, or its gradient, has the summaries or states of these sentences.
  void check(const char* function, const Memory<S>& memory, std::span<const Index> sentences) const {
    Index count = memory.summary.cols();
    if (copied == 0) {
      if (!layers.empty()) detail::check_size(function, "memory.summary", memory.summary, first + read_size(), count);
    } else {
      detail::check_number(function, "memory.states", static_cast<Index>(memory.states.size()), copied,
                           "states (one per layer of the decoder, from an encoder of one direction)");
      count = memory.states.front().cols();
      for (const auto& given : memory.states) detail::check_size(function, "memory.states", given, state, count);
    }
    for (const Index sentence : sentences) detail::check_index(function, "sentences", sentence, count);
  }
  /// Throws heed::Error if the bridge copies states, or if `gathered` does not match its matrices.
  void check(const char* function, const In<S>& gathered) const {
    require(copied == 0,
            [&] { return std::string(function) + ": a bridge that copies states needs a memory, got only summaries"; });
    if (!layers.empty()) detail::check_size(function, "gathered", gathered, read_size(), gathered.cols());
  }
};

}}  // namespace heed::v0_2
