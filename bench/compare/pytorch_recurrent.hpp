#pragma once

#include "pytorch_tensors.hpp"
#include "recurrent.hpp"

#include <tuple>
#include <vector>

namespace compare {

/// A recurrent layer with the functions that nn::LSTM and nn::GRU call. For the LSTM, they call oneDNN.
template <heed::Cell C>
class PytorchRecurrent {
 public:
  explicit PytorchRecurrent(const RecurrentLayer<C>& layer)
      : x_(transposed_view(layer.x).view({layer.words, layer.batch, layer.size})),
        start_(at::zeros({1, layer.batch, layer.size})),
        weights_{row_by_row(layer.cell.W.values()), row_by_row(layer.cell.U.values()), view(layer.cell.b_W).clone(),
                 view(layer.cell.b_U).clone()} {}

  void operator()() {
    constexpr bool bias = true, training = false, bidirectional = false, batch_first = false;
    if constexpr (CellTraits<C>::gates == 4) {
      outputs_ =
          std::get<0>(at::lstm(x_, {start_, start_}, weights_, bias, 1, 0.0, training, bidirectional, batch_first));
    } else {
      outputs_ = std::get<0>(at::gru(x_, start_, weights_, bias, 1, 0.0, training, bidirectional, batch_first));
    }
  }

  Eigen::Map<const Matrix> outputs() const {
    return {outputs_.const_data_ptr<float>(), outputs_.size(2), outputs_.size(0) * outputs_.size(1)};
  }

 private:
  at::Tensor x_, start_;
  std::vector<at::Tensor> weights_;
  at::Tensor outputs_;
};

inline void add_pytorch_recurrent(Comparison& comparison) {
  for_each_recurrent_layer(comparison, [&]<class C>(RecurrentLayer<C>& layer) {
    PytorchRecurrent<C> rival(layer);
    Contest contest = layer.contest(
        "pytorch", [&] { rival(); }, nullptr);
    contest.difference = [&] {
      return difference(layer.outputs(), rival.outputs());
    };  // PyTorch allocates them in each call
    comparison.add(contest);
  });
}

}  // namespace compare
