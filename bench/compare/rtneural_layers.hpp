#pragma once

#include "rtneural_cell.hpp"

#include <RTNeural/RTNeural.h>

#include <algorithm>
#include <cstddef>
#include <vector>

/// The code that both backends share: the weights in RTNeural's order, and a layer for every size. A file that includes
/// this header selects the backend and a namespace for it. It also defines the conversion of inputs and outputs:
///
///   read<Layer>(from, to), write(layer, to), Input<Layer>
namespace compare::RTNEURAL_NAMESPACE {

using Rows = std::vector<std::vector<float>>;

/// The weights of every input, or the biases, in Keras' order of gates: i f g o for the LSTM, z r n for the GRU.
inline Rows in_order(const float* from, int columns, const CellWeights& weights) {
  const auto hidden = static_cast<std::ptrdiff_t>(weights.hidden), gates = std::ptrdiff_t{weights.lstm ? 4 : 3};
  Rows rows;
  for (int i = 0; i < columns; ++i, from += gates * hidden) {
    rows.emplace_back(from, from + gates * hidden);
    auto& row = rows.back();
    if (!weights.lstm) std::swap_ranges(row.begin(), row.begin() + hidden, row.begin() + hidden);
  }
  return rows;
}

template <class Layer, bool Lstm>
class LayerOfSize final : public RtneuralCell {
 public:
  explicit LayerOfSize(const CellWeights& weights) {
    layer_.setWVals(in_order(weights.W, weights.input, weights));
    layer_.setUVals(in_order(weights.U, weights.hidden, weights));
    Rows biases = in_order(weights.b_W, 1, weights);
    biases.push_back(in_order(weights.b_U, 1, weights).front());
    if constexpr (Lstm) {
      for (std::size_t i = 0; i < biases[0].size(); ++i) biases[0][i] += biases[1][i];
      layer_.setBVals(biases[0]);
    } else {
      layer_.setBVals(biases);
    }
  }

  void run(const float* inputs, long steps, float* outputs) override {
    layer_.reset();
    Input<Layer> input;
    for (long t = 0; t < steps; ++t) {
      read<Layer>(inputs + t * Layer::in_size, input);
      layer_.forward(input);
      write(layer_, outputs + t * Layer::out_size);
    }
  }

 private:
  Layer layer_;
};

template <int Input, int Hidden>
std::unique_ptr<RtneuralCell> make_of_size(const CellWeights& weights) {
  using Lstm = ::RTNEURAL_NAMESPACE::LSTMLayerT<float, Input, Hidden>;
  using Gru = ::RTNEURAL_NAMESPACE::GRULayerT<float, Input, Hidden>;
  if (weights.lstm) return std::make_unique<LayerOfSize<Lstm, true>>(weights);
  return std::make_unique<LayerOfSize<Gru, false>>(weights);
}

template <int... Hidden>
std::unique_ptr<RtneuralCell> make(const CellWeights& weights) {
  std::unique_ptr<RtneuralCell> cell;
  const auto one = [&]<int In, int H>(std::integer_sequence<int, In, H>) {
    if (weights.input == In && weights.hidden == H) cell = make_of_size<In, H>(weights);
  };
  (one(std::integer_sequence<int, 1, Hidden>{}), ...);
  (one(std::integer_sequence<int, Hidden, Hidden>{}), ...);
  return cell;
}

}  // namespace compare::RTNEURAL_NAMESPACE
