#pragma once

#include <heed/cells/cell.hpp>
#include <heed/encoders/recurrence.hpp>

#include <concepts>
#include <span>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The sizes of a `Stack`, each 1 or more, and its dropout rate, in [0, 1).
struct StackOptions {
  Index input_size = 0;   ///< rows of the first layer's input: a word, and a context or fed-back vector
  Index hidden_size = 0;  ///< rows of h
  Index layers = 1;       ///< number of layers; the input of each is h of the layer below
  double dropout = 0;     ///< dropout rate between layers
};

/// The saved activations of a stack for N columns of steps, and the gradient of its state.
template <class S>
struct StackTape {
  /// The buffers of one layer.
  struct Layer {
    Buffer<S> saved;           ///< saved size x N: saved activations
    Buffer<S> previous;        ///< state size x N: the state before each step
    Buffer<S> input;           ///< hidden x N: h of the layer below after dropout; not in the first layer
    Buffer<S> mask;            ///< hidden x N: the dropout mask of `input`
    Buffer<S> dropped;         ///< state size x N: `previous`, but with h multiplied by `recurrent_mask`
    Buffer<S> recurrent_mask;  ///< hidden x sentences, or of size 0 without recurrent dropout
    Buffer<S> outputs;         ///< hidden x N: h
    Buffer<S> d_outputs;       ///< hidden x N: gradient of the outputs
    Buffer<S> d_a;             ///< gradient size x N: gradient of the pre-activations
    Buffer<S> d_state;         ///< state size x sentences: gradient of the state
  };
  std::vector<Layer> layers;  ///< from bottom to top

  /// The top layer, whose h is the output of the stack.
  Layer& top() { return layers.back(); }
  const Layer& top() const { return layers.back(); }
};

/// The recurrent layers of a decoder. They run step by step, with dropout between layers.
///
/// `recurrent` is the dropout of the h that a step passes to the next step. Each sentence uses one mask for all steps.
/// The decoder projects the inputs of the first layer: the words of all steps at once, the contexts or fed-back vectors
/// step by step. Throws heed::Error if a size does not match.
template <Cell C>
struct Stack {
  using Scalar = typename C::Scalar;
  using S = Scalar;

  std::vector<C> layers;          ///< from bottom to top
  Dropout<S> dropout, recurrent;  ///< between layers, and of h between steps

  Stack() = default;

  /// Constructs each cell as C(input, hidden). Throws heed::Error unless every size is 1 or more and the rate is in
  /// [0, 1).
  explicit Stack(const StackOptions& options) requires std::constructible_from<C, Index, Index>
      : Stack(options, detail::MakeCell<C>()) {}

  /// Constructs each cell as make(input, hidden), for cells with other constructor arguments.
  template <class MakeCell>
  Stack(const StackOptions& options, MakeCell&& make) : dropout(options.dropout) {
    const Index hidden = options.hidden_size;
    detail::check_options("Stack",
                          {{"input_size", options.input_size}, {"hidden_size", hidden}, {"layers", options.layers}});
    for (Index l = 0; l < options.layers; ++l) layers.push_back(make(l == 0 ? options.input_size : hidden, hidden));
  }

  /// Rows of h.
  Index hidden_size() const { return bottom().hidden_size(); }
  /// The first layer, whose input includes the words. Throws heed::Error if there are no layers.
  const C& bottom() const {
    require(!layers.empty(), "Stack: there are no layers; construct it with sizes, or assign a stack to it");
    return layers.front();
  }

  /// Resizes the tape for this number of columns; call it before the first step. Throws heed::Error if the rate of
  /// `recurrent` is not 0 and the cell does not support recurrent dropout (`check_recurrent_dropout`).
  void begin(Index columns, StackTape<S>& tape) const {
    for (const C& cell : layers) check_recurrent_dropout(cell, recurrent);
    tape.layers.resize(layers.size());
    for (std::size_t l = 0; l < layers.size(); ++l) {
      auto& layer = tape.layers[l];
      layer.saved.resize(layers[l].saved_size(), columns);
      layer.previous.resize(layers[l].state_size(), columns);
      layer.outputs.resize(hidden_size(), columns);
      if (l == 0) continue;
      layer.input.resize(hidden_size(), columns);
      layer.mask.resize(hidden_size(), columns);
    }
  }

  /// Runs one step of n columns from column `first` on. The input of the first layer must already be projected to its
  /// `saved`. Updates the first n columns of states[l] (state size x n or more columns) in place. `random` is in the
  /// order of the columns; nullptr (inference) means no dropout.
  void step(StackTape<S>& tape, Index first, Index n, std::span<Buffer<S>> states, RandomStreams random) const {
    check("Stack.step", tape, first, n);
    detail::check_count("Stack.step", "states", states.size(), layers.size());
    for (std::size_t l = 0; l < layers.size(); ++l) {
      detail::check_room("Stack.step", "states", states[l], layers[l].state_size(), 0, n, "");
    }
    for (std::size_t l = 0; l < layers.size(); ++l) {
      auto& layer = tape.layers[l];
      auto saved = layer.saved.middleCols(first, n);
      if (l > 0) {
        auto input = layer.input.middleCols(first, n);
        input = tape.layers[l - 1].outputs.middleCols(first, n);
        dropout.forward_step(random, first, input, layer.mask);
        layers[l].project(input, saved);
      }
      auto state = states[l].leftCols(n);
      auto previous = layer.previous.middleCols(first, n);
      previous = state;
      if (first == 0) recurrent.draw(random, hidden_size(), n, layer.recurrent_mask);
      if (layer.recurrent_mask.size() > 0) {
        if (first == 0) layer.dropped.resize(layer.previous.rows(), layer.previous.cols());
        check_dropped("Stack.step", layer, n);
        auto dropped = layer.dropped.middleCols(first, n);
        dropped = previous;
        dropped.topRows(hidden_size()).array() *= layer.recurrent_mask.leftCols(n).array();
      }
      layers[l].step(saved, recurrent_input(layer).middleCols(first, n), state);
      layer.outputs.middleCols(first, n) = state.topRows(hidden_size());
    }
  }

  /// Resizes the gradients of the tape for this number of columns and sentences; call it before the first
  /// `step_backward`. Sets d_outputs and d_state to zero.
  void begin_backward(Index columns, Index sentences, StackTape<S>& tape) const {
    check("Stack.begin_backward", tape, 0, columns);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      auto& layer = tape.layers[l];
      layer.d_outputs.resize(hidden_size(), columns);
      layer.d_outputs.setZero();
      layer.d_a.resize(layers[l].gradient_size(), columns);
      layer.d_state.resize(layers[l].state_size(), sentences);
      layer.d_state.setZero();
    }
  }

  /// Backward of `step`, with the same `random`.
  ///
  /// On input, d_outputs of the top layer holds the gradient of the outputs, and d_state the gradient of the state from
  /// later steps. On output, d_state holds the gradient of the state before the step. Fills d_a.
  void step_backward(StackTape<S>& tape, Index first, Index n, RandomStreams random) const {
    check("Stack.step_backward", tape, first, n);
    check_backward("Stack.step_backward", tape, first, n);
    for (std::size_t l = layers.size(); l-- > 0;) {
      auto& layer = tape.layers[l];
      auto d_state = layer.d_state.leftCols(n);
      auto d_a = layer.d_a.middleCols(first, n);
      d_state.topRows(hidden_size()) += layer.d_outputs.middleCols(first, n);  // was: outputs = h
      layers[l].step_backward(layer.saved.middleCols(first, n), recurrent_input(layer).middleCols(first, n), d_state,
                              d_a);
      if (layer.recurrent_mask.size() > 0) {
        d_state.topRows(hidden_size()).array() *= layer.recurrent_mask.leftCols(n).array();  // was: read = mask h
      }
      if (l == 0) continue;
      auto d_below = tape.layers[l - 1].d_outputs.middleCols(first, n);
      layers[l].project_backward(d_a, 0, d_below);                         // was: project(input)
      dropout.backward(random, layer.mask.middleCols(first, n), d_below);  // was: dropout
    }
  }

  /// Adds the gradients of all parameters to grad, except that of the first layer's W. The decoder adds that one,
  /// because it has the inputs of the first layer. The gradient of each matrix is one product over all columns.
  void accumulate(const StackTape<S>& tape, Stack& grad) const {
    check("Stack.accumulate", tape, 0, 0);
    detail::check_grad("Stack.accumulate", *this, grad);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const auto& layer = tape.layers[l];
      layers[l].accumulate_recurrent(recurrent_input(layer), layer.d_a, grad.layers[l]);
      if (l > 0) layers[l].accumulate(layer.input, 0, layer.d_a, grad.layers[l]);
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("layers", self.layers...);
    visit("dropout", self.dropout...);
    visit("recurrent", self.recurrent...);
  }

 private:
  /// Throws heed::Error unless the buffers that `begin` resizes have n columns from column `first` on.
  void check(const char* function, const StackTape<S>& tape, Index first, Index n) const {
    constexpr const char* begin = "; call begin first";
    detail::check_count(function, "tape.layers", tape.layers.size(), layers.size(), begin);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const auto& layer = tape.layers[l];
      detail::check_room(function, "tape.saved", layer.saved, layers[l].saved_size(), first, n, begin);
      detail::check_room(function, "tape.previous", layer.previous, layers[l].state_size(), first, n, begin);
      detail::check_room(function, "tape.outputs", layer.outputs, hidden_size(), first, n, begin);
      if (l > 0) detail::check_room(function, "tape.input", layer.input, hidden_size(), first, n, begin);
    }
  }
  /// Like `check`, for the buffers that `begin_backward` resizes.
  void check_backward(const char* function, const StackTape<S>& tape, Index first, Index n) const {
    constexpr const char* begin = "; call begin_backward first";
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const auto& layer = tape.layers[l];
      detail::check_room(function, "tape.d_outputs", layer.d_outputs, hidden_size(), first, n, begin);
      detail::check_room(function, "tape.d_a", layer.d_a, layers[l].gradient_size(), first, n, begin);
      detail::check_room(function, "tape.d_state", layer.d_state, layers[l].state_size(), 0, n, begin);
      if (layer.recurrent_mask.size() > 0) check_dropped(function, layer, n);
    }
  }
  void check_dropped(const char* function, const typename StackTape<S>::Layer& layer, Index n) const {
    detail::check_like(function, "tape.dropped", layer.dropped, layer.previous);
    detail::check_room(function, "tape.recurrent_mask", layer.recurrent_mask, hidden_size(), 0, n, "");
  }

  /// The states that the steps of a layer use: after recurrent dropout, if there is any.
  static const Buffer<S>& recurrent_input(const typename StackTape<S>::Layer& layer) {
    return layer.recurrent_mask.size() > 0 ? layer.dropped : layer.previous;
  }
};

}}  // namespace heed::v0_2
