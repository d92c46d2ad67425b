#pragma once

#include <heed/cells/cell.hpp>
#include <heed/encoders/recurrence.hpp>

#include <concepts>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The sizes of a `Stack`. Each must be 1 or more.
struct StackOptions {
  Index input_size = 0;   ///< rows of what the first layer reads: a word, then a context or a fed-back vector
  Index hidden_size = 0;  ///< rows of h
  Index layers = 1;       ///< how many there are, each over the h of the one below it
  double dropout = 0;     ///< rate between layers
};

/// What a stack writes for N columns of steps, and the running gradient of its state.
template <class S>
struct StackTape {
  /// What a layer writes.
  struct Layer {
    Buffer<S> saved;           ///< trace size x N
    Buffer<S> previous;        ///< state size x N: the state each step began with
    Buffer<S> input;           ///< what layers above the first read: h below them after dropout
    Buffer<S> mask;            ///< the dropout mask of `input`
    Buffer<S> dropped;         ///< where h is dropped: what each step read of `previous`, its h times `read_mask`
    Buffer<S> recurrent_mask;  ///< hidden x sentences, or of size 0: every step read `previous` itself
    Buffer<S> outputs;         ///< hidden x N: h
    Buffer<S> d_outputs;       ///< hidden x N
    Buffer<S> d_a;             ///< gradient size x N
    Buffer<S> d_state;         ///< state size x sentences
  };
  std::vector<Layer> layers;  ///< from the lowest up

  /// The layer whose h the decoder shows.
  Layer& top() { return layers.back(); }
  const Layer& top() const { return layers.back(); }
};

/// The recurrent layers of a decoder, one step at a time, with dropout between layers and, with `recurrent`, of the h that
/// a step hands to the next, for which a sentence keeps its mask. The decoder itself projects the inputs of the first layer:
/// words of the whole sentence at once, context or fed-back vectors step by step. Throws heed::Error if a size does not
/// fit.
template <Cell C>
struct Stack {
  using Scalar = typename C::Scalar;
  using S = Scalar;

  std::vector<C> layers;          ///< from the lowest up
  Dropout<S> dropout, recurrent;  ///< between layers, and of h on its way to the next step

  Stack() = default;

  /// Each cell is C(input, hidden). Throws unless every size is 1 or more.
  explicit Stack(const StackOptions& options) requires std::constructible_from<C, Index, Index>
      : Stack(options, detail::MakeCell<C>()) {}

  /// Each cell is `make(input, hidden)`: for cells that take more than two sizes.
  template <class MakeCell>
  Stack(const StackOptions& options, MakeCell&& make) : dropout(options.dropout) {
    const Index hidden = options.hidden_size;
    detail::check_options("Stack",
                          {{"input_size", options.input_size}, {"hidden_size", hidden}, {"layers", options.layers}});
    for (Index l = 0; l < options.layers; ++l) layers.push_back(make(l == 0 ? options.input_size : hidden, hidden));
  }

  /// Rows of h.
  Index hidden_size() const { return bottom().hidden_size(); }
  /// The layer that reads the words. Throws if there is none.
  const C& bottom() const {
    require(!layers.empty(), "Stack: it has no layers yet; make it with sizes, or assign one that has layers");
    return layers.front();
  }

  /// Makes room for N columns.
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

  /// One step of columns first ... first + n, whose bottom traces are projected already. `states` are updated in place.
  void step(StackTape<S>& tape, Index first, Index n, std::vector<Buffer<S>>& states, RandomStreams random) const {
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

  /// Makes room for gradients: d_outputs and d_state begin at zero.
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

  /// Backward of `step`: the columns' d_outputs of the top layer and d_state hold what came from above and from later.
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

  /// The parameter gradients of everything but the first layer's inputs, as products over all columns.
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
  /// Throws unless columns first ... first + n have room in what `begin` makes.
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
  /// The same for what `begin_backward` makes.
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

  /// The states from which the steps of a layer went on.
  static const Buffer<S>& recurrent_input(const typename StackTape<S>::Layer& layer) {
    return layer.recurrent_mask.size() > 0 ? layer.dropped : layer.previous;
  }
};

}}  // namespace heed::v0_2
