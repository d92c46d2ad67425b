#pragma once

#include "pytorch_batch.hpp"
#include "translation.hpp"

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace compare {

/// The variant of PyTorch's side.
enum class Wiring {
  layers,  ///< modules of torch.nn and torch.optim: a recurrent layer that runs one step at a time, the readout in
           ///< every step, row-major weights, Adam with default options
  tuned    ///< optimised after profiling: only the cell, the readout of all steps as one product, weights for search in
           ///< the layout that is fastest for products, fused Adam
};

/// heed's translator in PyTorch, from the same parameters.
///
/// Both models have the same structure, including the order of the gates and of the columns of each matrix, so no
/// weight is reordered. The only difference is in the input: heed adds bos and eos to a target, PyTorch's targets
/// include them.
class PytorchTranslator {
 public:
  using Tensors = std::vector<at::Tensor>;

  /// The encoder outputs (sentences x words x size), their keys, the initial state of the decoder, and the mask of
  /// `PytorchBatch`.
  struct Memory {
    at::Tensor values, keys, state, mask;
  };

  /// A model for training (`learns`) or for search.
  PytorchTranslator(const Translator& model, Wiring wiring, bool learns) : wiring_(wiring) {
    heed::for_each_parameter(
        [&](const heed::ParameterName& name, const auto& x) {
          at::Tensor parameter = at::from_blob(const_cast<float*>(x.data()), {x.cols(), x.rows()}).clone();
          if (x.cols() == 1) parameter = parameter.view(-1);
          if (x.cols() > 1 && name.leaf() != "table") parameter = parameter.t();
          if (learns || wiring == Wiring::layers) parameter = parameter.contiguous();
          parameters_.emplace(name.str(), parameter.requires_grad_(learns));
        },
        model);
    for (const char* direction : {"forward", "backward"}) {
      for (const auto& weights : cell_weights(std::string("encoder.layers.0.") + direction)) {
        encoder_.push_back(weights);
      }
    }
    cell_ = cell_weights("decoder.stack.layers.0");
    const std::string scorer = "decoder.attention.scorer.";
    query_ = {at(scorer + "W"), {}};
    key_ = {at(scorer + "U"), parameters_.contains(scorer + "b") ? at(scorer + "b") : at::Tensor()};
    v_ = at(scorer + "v");
    bridge_ = linear("decoder.bridge.layers.0");
    readout_ = linear("decoder.readout");
    source_ = at("source.table");
    target_ = at("target.table");
    output_ = parameters_.contains("output.W") ? linear("output") : Linear{target_, at("output.b")};  // or tied
  }

  /// The parameters by their names in heed.
  const std::map<std::string, at::Tensor>& parameters() const { return parameters_; }

  /// `sources` are words x sentences.
  Memory encode(const at::Tensor& sources) const {
    const auto [states, last] = at::gru(at::embedding(source_, sources), start(sources.size(1)), encoder_, bias, 1, 0.0,
                                        false, bidirectional, batch_first);
    return make_memory(states.transpose(0, 1).contiguous(), last);
  }

  /// The mean loss per word. The first row of `targets` is bos and the last row is eos.
  at::Tensor loss(const at::Tensor& sources, const at::Tensor& targets) const {
    const auto features = decode(encode(sources), at::embedding(target_, targets.slice(0, 0, -1)));
    return at::cross_entropy_loss(output_(features).flatten(0, 1), targets.slice(0, 1).reshape(-1));
  }

  /// The mean loss per word of sentences of different lengths, with dropout of the embedded words and of the features.
  at::Tensor loss(const PytorchBatch& batch, double smoothing, double dropout) const {
    const auto drop = [dropout](const at::Tensor& x) { return dropout > 0 ? at::dropout(x, dropout, true) : x; };
    const auto [states, last] = at::gru(drop(at::embedding(source_, batch.sources)), batch.sizes,
                                        start(batch.inputs.size(1)), encoder_, bias, 1, 0.0, false, bidirectional);
    const auto values = std::get<0>(at::_pad_packed_sequence(states, batch.sizes, true, 0, batch.sizes.size(0)));
    const auto features =
        drop(decode(make_memory(values, last, batch.mask), drop(at::embedding(target_, batch.inputs))));
    return at::cross_entropy_loss(output_(features).flatten(0, 1), batch.labels.flatten(), {}, at::Reduction::Mean,
                                  PytorchBatch::ignored, smoothing);
  }

  /// The logits of the words after `tokens` (n), and the next state. n is a multiple of the number of sentences: the
  /// hypotheses of a sentence are adjacent and share its memory.
  std::pair<at::Tensor, at::Tensor> step(const Memory& memory, const at::Tensor& tokens,
                                         const at::Tensor& state) const {
    const auto word = at::embedding(target_, tokens);
    const auto context = attend(memory, state);
    const auto next = advance(word, context, state);
    return {output_(read_out(next, context, word, 1)), next};
  }

 private:
  static constexpr bool bias = true, bidirectional = true, batch_first = false;

  struct Linear {
    at::Tensor W, b;
    at::Tensor operator()(const at::Tensor& x) const { return b.defined() ? at::linear(x, W, b) : at::linear(x, W); }
  };

  const at::Tensor& at(const std::string& name) const { return parameters_.at(name); }
  Linear linear(const std::string& name) const { return {at(name + ".W"), at(name + ".b")}; }
  Tensors cell_weights(const std::string& name) const {
    return {at(name + ".W"), at(name + ".U"), at(name + ".b_W"), at(name + ".b_U")};
  }

  /// The initial states of both directions of the encoder.
  at::Tensor start(std::int64_t sentences) const { return at::zeros({2, sentences, encoder_[1].size(1)}); }

  /// The memory of the encoder outputs (sentences x words x size) and of the final states of both directions.
  Memory make_memory(const at::Tensor& values, const at::Tensor& last, const at::Tensor& mask = {}) const {
    return {values, key_(values), at::tanh(bridge_(at::cat({last[0], last[1]}, 1))), mask};
  }

  /// The features of all steps for the embedded decoder inputs x (words x sentences x size).
  at::Tensor decode(const Memory& memory, const at::Tensor& x) const {
    at::Tensor state = memory.state;
    Tensors states, contexts, features;
    for (const at::Tensor& word : x.unbind(0)) {
      const auto context = attend(memory, state);
      state = advance(word, context, state);
      if (wiring_ == Wiring::layers) {
        features.push_back(read_out(state, context, word, 1));
      } else {
        states.push_back(state);
        contexts.push_back(context);
      }
    }
    return wiring_ == Wiring::layers ? at::stack(features) : read_out(at::stack(states), at::stack(contexts), x, 2);
  }

  /// The contexts (n x memory size) for the states (n x hidden).
  at::Tensor attend(const Memory& memory, const at::Tensor& state) const {
    const auto sentences = memory.keys.size(0), n = state.size(0);
    if (n == sentences) {
      const auto weights = weigh(memory.keys + query_(state).unsqueeze(1), memory.mask).unsqueeze(1);
      return at::bmm(weights, memory.values).squeeze(1);
    }
    const auto queries = query_(state).view({sentences, n / sentences, 1, -1});
    return at::bmm(weigh(memory.keys.unsqueeze(1) + queries), memory.values).view({n, -1});
  }

  /// The attention weights from the sums q + k.
  at::Tensor weigh(at::Tensor sums, const at::Tensor& mask = {}) const {
    const auto scores = at::linear(at::tanh_(sums), v_.unsqueeze(0)).squeeze(-1);
    return at::softmax(mask.defined() ? scores + mask : scores, -1);
  }

  /// The state after a step of the cell.
  at::Tensor advance(const at::Tensor& word, const at::Tensor& context, const at::Tensor& state) const {
    const auto x = at::cat({word, context}, 1);
    if (wiring_ == Wiring::tuned) return at::gru_cell(x, state, cell_[0], cell_[1], cell_[2], cell_[3]);
    return std::get<1>(at::gru(x.unsqueeze(0), state.unsqueeze(0), cell_, bias, 1, 0.0, false, false, batch_first))[0];
  }

  at::Tensor read_out(const at::Tensor& state, const at::Tensor& context, const at::Tensor& word,
                      std::int64_t features) const {
    auto sums = readout_(at::cat({state, context, word}, features));
    return at::tanh_(sums);
  }

  Wiring wiring_;
  std::map<std::string, at::Tensor> parameters_;
  Tensors encoder_, cell_;
  Linear query_, key_, bridge_, readout_, output_;
  at::Tensor v_, source_, target_;
};

}  // namespace compare
