#pragma once

#include <heed/layers/linear.hpp>
#include <heed/math.hpp>
#include <heed/memory.hpp>

#include <span>
#include <string>
#include <vector>

namespace heed::inline v0_1 {

/// From what the encoder ended with to where the decoder begins, one matrix per decoder layer:
///
///   s_0 = tanh(W summary + b)
///
/// The summary holds the final states of both directions. Bahdanau, Cho & Bengio 2015, section A.2.2, read that of the
/// backward one alone: the rows of the summary from the middle on.
///
/// A bridge made by `copying` has no parameters: every layer begins with the final state (of an LSTM h and c) of the
/// encoder's layer beside it, as in Sutskever, Vinyals & Le 2014 and Luong, Pham & Manning 2015. The encoder has one
/// direction, as many layers, and states of that size.
template <class T>
struct Bridge {
  using Stored = T;
  using Scalar = scalar_of<T>;
  using S = Scalar;
  template <class U>
  using With = Bridge<U>;

  std::vector<Linear<T>> layers;  ///< what is read of the summary -> state size
  Index first = 0;                ///< the first row of the summary that is read
  Index copied = 0;               ///< layers whose first state is the encoder's final one; then there are no matrices
  Index state = 0;                ///< its size

  Bridge() = default;
  Bridge(Index summary, Index state_size, Index layer_count, Index first_row = 0)
      : layers(static_cast<std::size_t>(layer_count), Linear<T>(summary - first_row, state_size)), first(first_row) {}

  /// A bridge that copies the final states: see above.
  static Bridge copying(Index state_size, Index layer_count) {
    Bridge bridge;
    bridge.copied = layer_count;
    bridge.state = state_size;
    return bridge;
  }

  /// How many first states it makes.
  std::size_t layer_count() const { return copied > 0 ? static_cast<std::size_t>(copied) : layers.size(); }

  /// states[l].col(i) becomes the first state of layer l for a column that reads sentence `sentences[i]`; `gathered`
  /// keeps the summaries in that order for backward. Does not allocate once the buffers have grown. Throws if the
  /// states to copy are not there.
  void forward(const Memory<S>& memory, std::span<const Index> sentences, Buffer<S>& gathered,
               std::vector<Buffer<S>>& states) const {
    const auto n = static_cast<Index>(sentences.size());
    states.resize(layer_count());
    if (copied > 0) {
      check(memory);
      for (std::size_t l = 0; l < states.size(); ++l) {
        states[l].resize(state, n);
        for (Index i = 0; i < n; ++i) states[l].col(i) = memory.states[l].col(sentences[static_cast<std::size_t>(i)]);
      }
      return;
    }
    gathered.resize(memory.summary.rows() - first, n);
    for (Index i = 0; i < n; ++i) {
      gathered.col(i) = memory.summary.col(sentences[static_cast<std::size_t>(i)]).bottomRows(gathered.rows());
    }
    for (std::size_t l = 0; l < layers.size(); ++l) {
      states[l].resize(layers[l].output_size(), n);
      layers[l].forward(gathered, states[l]);
      Tanh::forward(states[l]);
    }
  }

  /// Backward for layer l: `states` is what forward wrote, d_states its gradient, which is overwritten.
  /// Adds to grad and to the summaries of d_memory, or to its states.
  void backward(std::size_t l, const In<S>& gathered, const In<S>& states, std::span<const Index> sentences,
                Out<S> d_states, With<S>& grad, Memory<S>& d_memory) const {
    if (copied > 0) {
      for (std::size_t i = 0; i < sentences.size(); ++i) {
        d_memory.states[l].col(sentences[i]) += d_states.col(static_cast<Index>(i));  // was: states = memory.states
      }
      return;
    }
    Tanh::backward(states, d_states);
    layers[l].accumulate(gathered, d_states, grad.layers[l]);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      layers[l].backward(d_states.col(static_cast<Index>(i)),
                         d_memory.summary.col(sentences[i]).bottomRows(gathered.rows()));
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("layers", self.layers...);
    visit("first", self.first...);
    visit("copied", self.copied...);
    visit("state", self.state...);
  }

 private:
  void check(const Memory<S>& memory) const {
    require(memory.states.size() == layer_count(), [&] {
      return "Bridge: expected the final states of " + std::to_string(copied) +
             " layers of one direction, one for each of the decoder's, not " + std::to_string(memory.states.size());
    });
    for (const auto& given : memory.states) {
      require(given.rows() == state, [&] {
        return "Bridge: expected final states of size " + std::to_string(state) + ", the decoder's, not " +
               std::to_string(given.rows());
      });
    }
  }
};

}  // namespace heed::inline v0_1
