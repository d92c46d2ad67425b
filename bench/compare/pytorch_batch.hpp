#pragma once

#include "pytorch_tensors.hpp"

#include <heed/core/packed_batch.hpp>
#include <heed/core/sentences.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

namespace compare {

/// Sentence pairs of different lengths as tensors: packed sources (nn::utils::rnn::pack_sequence) and padded targets.
/// The pairs are in the order of their source lengths, longest first.
struct PytorchBatch {
  static constexpr std::int64_t ignored = -100;  ///< label of padding

  at::Tensor sources, sizes;  ///< the words of all steps, and the number of sentences of each step
  at::Tensor mask;            ///< sentences x source words: -inf for padding, otherwise 0; undefined without padding
  at::Tensor inputs, labels;  ///< words x sentences: bos and the target; the target and eos
  std::int64_t words = 0;     ///< target words, eos included

  PytorchBatch(heed::Sentences source, heed::Sentences target) {
    std::vector<Index> lengths;
    Index steps = 0;
    for (std::size_t i = 0; i < source.size(); ++i) {
      lengths.push_back(std::ssize(source[i]));
      steps = std::max(steps, std::ssize(target[i]) + 1);
      words += std::ssize(target[i]) + 1;
    }
    const heed::PackedBatch packing(lengths);
    const Index sentences = packing.sentences();
    std::vector<std::int64_t> packed, active;
    for (Index t = 0; t < packing.steps(); ++t) {
      active.push_back(packing.active(t));
      for (Index p = 0; p < packing.active(t); ++p) packed.push_back(word(source[sentence(packing, p)], t));
    }
    sources = at::tensor(packed);
    sizes = at::tensor(active);
    if (packing.columns() < packing.steps() * sentences) {
      mask = at::zeros({sentences, packing.steps()});
      constexpr double infinite = std::numeric_limits<double>::infinity();
      for (Index p = 0; p < sentences; ++p) mask[p].slice(0, packing.length(p)).fill_(-infinite);
    }
    std::vector<std::int64_t> input_rows, label_rows;
    for (Index t = 0; t < steps; ++t) {
      for (Index p = 0; p < sentences; ++p) {
        const auto tokens = target[sentence(packing, p)];
        const Index length = std::ssize(tokens);
        input_rows.push_back(t == 0 ? heed::symbols::bos : t <= length ? word(tokens, t - 1) : heed::symbols::eos);
        label_rows.push_back(t < length ? word(tokens, t) : t == length ? heed::symbols::eos : ignored);
      }
    }
    inputs = words_in_rows(input_rows, steps);
    labels = words_in_rows(label_rows, steps);
  }

 private:
  static std::size_t sentence(const heed::PackedBatch& packing, Index p) {
    return static_cast<std::size_t>(packing.sentence(p));
  }
  static std::int64_t word(std::span<const heed::Token> tokens, Index t) { return tokens[static_cast<std::size_t>(t)]; }
};

}  // namespace compare
