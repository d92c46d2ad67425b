#pragma once

#include <heed/models/seq2seq.hpp>

#include "support/translations.hpp"

#include <span>
#include <vector>

namespace heed::test {

/// The results of one sentence with teacher forcing.
struct Forced {
  double log_probability;
  Matrix<double> weights;     ///< attention weights: one column per token, and one for eos
  Matrix<double> next_words;  ///< the distribution of the next token at every step
};

template <class Model>
Forced force(const Model& model, std::span<const Token> source, const std::vector<Token>& target) {
  Batch batch;
  batch.add({source.begin(), source.end()}, target);
  typename Model::Tape tape;
  Forced result;
  result.log_probability = -model.loss(batch.sources, batch.targets, tape);
  result.weights = tape.decoder.attention.weights;
  result.next_words = tape.output.logits;  // softmax minus one at the label
  for (Index t = 0; t < result.next_words.cols(); ++t) {
    result.next_words(tape.labels[static_cast<std::size_t>(t)], t) += 1;
  }
  return result;
}

/// All sequences of up to `most` of the given tokens.
inline std::vector<std::vector<Token>> every_sentence(std::size_t most, const std::vector<Token>& words) {
  std::vector<std::vector<Token>> all = {{}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].size() == most) continue;
    for (const Token word : words) {
      auto longer = all[i];
      longer.push_back(word);
      all.push_back(std::move(longer));
    }
  }
  return all;
}

}  // namespace heed::test
