#pragma once

#include <heed/models/seq2seq.hpp>
#include <heed/search/candidates.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Log-probability of a target, given its source.
struct PairScore {
  std::vector<double> words;   ///< log-probability of each target word given the previous words, then of eos
  double log_probability = 0;  ///< sum of `words`
};

/// Returns exp(mean cross-entropy per word), eos included; 1 if there are no pairs.
inline double perplexity(std::span<const PairScore> scores) {
  double sum = 0, words = 0;
  for (const PairScore& score : scores) {
    sum += score.log_probability;
    words += static_cast<double>(score.words.size());
  }
  return words == 0 ? 1 : std::exp(-sum / words);
}

/// Computes the log-probability of each target given its source, with teacher forcing. results[b] belongs to pair b.
///
/// Afterwards, `tape.weights` returns the attention weights. A target word with a logit of -inf has the log-probability
/// -inf. Does not allocate once tape and results have grown.
///
/// Throws heed::Error if a source is empty, if a word is outside its vocabulary, if a target contains bos or eos, and
/// if the logits of a step are all -inf or one is NaN or +inf. After an exception results are empty.
template <class Model>
void score_pairs(const Model& model, Sentences sources, Sentences targets, typename Model::Tape& tape,
                 std::vector<PairScore>& results) {
  using S = typename Model::Scalar;
  detail::Undo empty([&] { results.clear(); });
  results.resize(sources.size());
  for (PairScore& result : results) {
    result.words.clear();
    result.log_probability = 0;
  }
  model.forward(sources, targets, tape);
  const PackedBatch& packing = tape.target.packing;
  for (Index t = 0, i = 0; t < packing.steps(); ++t) {
    for (Index p = 0; p < packing.active(t); ++p, ++i) {  // column i is step t of the sentence in position p
      const Index in_block = i % model.output_block;
      if (in_block == 0) {
        const Index n = std::min(model.output_block, packing.columns() - i);
        tape.output.logits.resize(model.target.vocabulary(), n);
        model.score_words(tape.decoder.features.middleCols(i, n), tape.output.logits);
      }
      const auto logits = tape.output.logits.col(in_block);
      PairScore& result = detail::at(results, packing.sentence(p));
      const auto where = [&] {
        return "score_pairs: pair " + std::to_string(packing.sentence(p)) + ", step " + std::to_string(t);
      };
      const double word = detail::logit_offset<S>(logits.data(), logits.size(), 0, where) +
                          static_cast<double>(logits(detail::at(tape.labels, i)));
      result.words.push_back(word);
      result.log_probability += word;
    }
  }
  empty.cancel();
}

/// Computes the attention weights of each target with teacher forcing: weights[b] is source length x target words of
/// pair b, without the step that predicts eos. It has no rows if the decoder has no attention. `alignment_from_weights`
/// (text/alignment.hpp) converts weights to alignment links.
///
/// Does not allocate once tape and weights have grown. Throws as `score_pairs` does.
template <class Model>
void align_pairs(const Model& model, Sentences sources, Sentences targets, typename Model::Tape& tape,
                 std::vector<Buffer<typename Model::Scalar>>& weights) {
  detail::Undo empty([&] { weights.clear(); });
  weights.resize(sources.size());
  model.forward(sources, targets, tape);
  const PackedBatch& packing = tape.target.packing;
  for (Index p = 0; p < packing.sentences(); ++p) {
    auto& of_pair = detail::at(weights, packing.sentence(p));
    of_pair.resize(tape.weights(0, p).rows(), packing.length(p) - 1);
    for (Index t = 0; t < of_pair.cols(); ++t) of_pair.col(t) = tape.weights(t, p);
  }
  empty.cancel();
}

}}  // namespace heed::v0_2
