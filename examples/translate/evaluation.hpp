#pragma once

#include "translate/corpus.hpp"

#include <heed/text/alignment.hpp>
#include <heed/text/bleu.hpp>
#include <heed/text/exact_match.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <optional>

namespace examples {

/// The mean cross-entropy per target word, end symbols included. Here and below a model is a packed one.
template <class Model>
double mean_loss(const Model& model, const EncodedPairs& pairs, int threads) {
  const auto batches = batches_by_length(pairs.target_lengths, 64);
  std::vector<double> losses(batches.size());  // added up in order: the same bits whatever thread took which batch
  std::atomic<std::size_t> next{0};
  heed::Team(threads).run([&](int) {
    heed::Seq2SeqTape<float> tape;
    for (std::size_t i = next++; i < batches.size(); i = next++) {
      losses[i] = model.loss(choose(pairs.source, batches[i]), choose(pairs.target, batches[i]), tape);
    }
  });
  double loss = 0, words = 0;
  for (const double x : losses) loss += x;
  for (const heed::Index length : pairs.target_lengths) words += static_cast<double>(length) + 1;
  return loss / words;
}

/// How well a translator does on sentence pairs.
struct Evaluation {
  std::vector<heed::Words> hypotheses;  ///< in the order of the pairs
  double bleu = 0, exact_match = 0;     ///< percent
  double perplexity = 0;
  heed::AlignmentScore alignment;  ///< with the reference fed; nothing where the file has no gold links
  double seconds = 0;              ///< of the search
};

/// Translates the source of every pair, several batches at a time; results are in the order of the pairs.
template <class Model>
std::vector<heed::Words> translate_all(const Model& model, const heed::Vocabulary& target, const EncodedPairs& pairs,
                                       const heed::SearchOptions& options, int threads) {
  std::vector<heed::Words> hypotheses(pairs.size());
  const auto batches = batches_by_length(pairs.source_lengths, 64);
  std::atomic<std::size_t> next{0};
  heed::Team(threads).run([&](int) {
    heed::SearchWorkspace<float> work;
    std::vector<heed::Hypothesis<float>> found;
    for (std::size_t i = next++; i < batches.size(); i = next++) {
      search(model, choose(pairs.source, batches[i]), options, work, found);
      for (std::size_t k = 0; k < found.size(); ++k) {
        auto& words = hypotheses[static_cast<std::size_t>(batches[i][k])];
        for (const heed::Token token : found[k].tokens) words.push_back(target.word(token));
      }
    }
  });
  return hypotheses;
}

/// What the model looks at when it is fed the references: for each pair the source word of every target word.
template <class Model>
heed::AlignmentScore score_alignments(const Model& model, const std::vector<heed::SentencePair>& pairs,
                                      const EncodedPairs& encoded) {
  heed::AlignmentTally tally;
  heed::Seq2SeqTape<float> tape;
  for (const auto& batch : batches_by_length(encoded.target_lengths, 64)) {
    model.loss(choose(encoded.source, batch), choose(encoded.target, batch), tape);
    if (tape.decoder.weights.rows() == 0) break;  // a decoder without attention looks at nothing
    for (heed::Index p = 0; p < tape.target_packing.sentences(); ++p) {
      const heed::Index place = batch[static_cast<std::size_t>(tape.target_packing.sentence(p))];
      const auto& pair = pairs[static_cast<std::size_t>(place)];
      heed::Matrix<float> weights(pair.source.size(), pair.target.size());
      for (heed::Index t = 0; t < weights.cols(); ++t) weights.col(t) = tape.weights(t, p);
      tally.add(pair, heed::alignment_from_weights(weights));
    }
  }
  return tally.score();
}

/// Every score of a translator's model on these pairs.
template <class Model>
Evaluation evaluate(const Model& model, const heed::Translator& translator,
                    const std::vector<heed::SentencePair>& pairs, const heed::SearchOptions& options, int threads) {
  const EncodedPairs encoded(pairs, translator.source, translator.target);
  Evaluation result;
  const auto start = std::chrono::steady_clock::now();
  result.hypotheses = translate_all(model, translator.target, encoded, options, threads);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::vector<heed::Words> references;
  for (const auto& pair : pairs) references.push_back(pair.target);
  result.bleu = heed::corpus_bleu(result.hypotheses, references).score;
  result.exact_match = heed::exact_match(result.hypotheses, references);
  result.perplexity = std::exp(mean_loss(model, encoded, threads));
  result.alignment = score_alignments(model, pairs, encoded);
  return result;
}

}  // namespace examples
