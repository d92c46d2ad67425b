#pragma once

#include "pytorch_tensors.hpp"
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

  /// The encoder outputs (sentences x words x size), their keys, and the initial state of the decoder.
  struct Memory {
    at::Tensor values, keys, state;
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
    key_ = {at(scorer + "U"), at(scorer + "b")};
    v_ = at(scorer + "v");
    bridge_ = linear("decoder.bridge.layers.0");
    readout_ = linear("decoder.readout");
    output_ = linear("output");
    source_ = at("source.table");
    target_ = at("target.table");
  }

  /// The parameters by their names in heed.
  const std::map<std::string, at::Tensor>& parameters() const { return parameters_; }

  /// `sources` are words x sentences.
  Memory encode(const at::Tensor& sources) const {
    const auto start = at::zeros({2, sources.size(1), translation::hidden});
    const auto [states, last] =
        at::gru(at::embedding(source_, sources), start, encoder_, bias, 1, 0.0, false, bidirectional, batch_first);
    Memory memory;
    memory.values = states.transpose(0, 1).contiguous();
    memory.keys = key_(memory.values);
    memory.state = at::tanh(bridge_(at::cat({last[0], last[1]}, 1)));
    return memory;
  }

  /// The mean loss per word. The first row of `targets` is bos and the last row is eos.
  at::Tensor loss(const at::Tensor& sources, const at::Tensor& targets) const {
    const Memory memory = encode(sources);
    const auto x = at::embedding(target_, targets.slice(0, 0, -1));
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
    const auto all =
        wiring_ == Wiring::layers ? at::stack(features) : read_out(at::stack(states), at::stack(contexts), x, 2);
    return at::cross_entropy_loss(output_(all).view({-1, translation::vocabulary}), targets.slice(0, 1).reshape(-1));
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

  /// The contexts (n x memory size) for the states (n x hidden).
  at::Tensor attend(const Memory& memory, const at::Tensor& state) const {
    const auto sentences = memory.keys.size(0), n = state.size(0);
    if (n == sentences) {
      const auto weights = weigh(memory.keys + query_(state).unsqueeze(1)).unsqueeze(1);
      return at::bmm(weights, memory.values).squeeze(1);
    }
    const auto queries = query_(state).view({sentences, n / sentences, 1, -1});
    return at::bmm(weigh(memory.keys.unsqueeze(1) + queries), memory.values).view({n, -1});
  }

  /// The attention weights from the sums q + k.
  at::Tensor weigh(at::Tensor sums) const {
    return at::softmax(at::linear(at::tanh_(sums), v_.unsqueeze(0)).squeeze(-1), -1);
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
