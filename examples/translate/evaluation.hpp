#pragma once

#include "support/progress.hpp"
#include "translate/decoding.hpp"
#include "translate/training_log.hpp"

#include <heed/io/translator.hpp>
#include <heed/text/alignment.hpp>
#include <heed/text/bleu.hpp>
#include <heed/text/chrf.hpp>
#include <heed/text/error_rate.hpp>
#include <heed/text/exact_match.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>

namespace examples {

/// Calls use(batch, i, workspace) for every batch i, in parallel. Each thread has its own workspace.
template <class Workspace, class Use>
void for_each_batch(const std::vector<std::vector<heed::Index>>& batches, int threads, Use&& use) {
  std::atomic<std::size_t> next{0};
  heed::ThreadPool(threads).run([&](int) {
    Workspace work;
    for (std::size_t i = next++; i < batches.size(); i = next++) use(batches[i], i, work);
  });
}

/// Batches for teacher forcing, which keeps the attention weights of all steps.
inline std::vector<std::vector<heed::Index>> batches_of(const EncodedPairs& pairs) {
  return batches_by_length(pairs.target_lengths, 64, [&](std::size_t i) {
    const heed::Index source = pairs.source_lengths[i], steps = pairs.target_lengths[i] + 1;
    return SentenceSize{source + steps, source, steps};
  });
}

/// The mean cross-entropy per target word, eos included.
inline double mean_loss(const Model& model, const EncodedPairs& pairs, int threads) {
  return compiled::mean_loss(model, pairs.source, pairs.target, batches_of(pairs), threads);
}

/// The log-probabilities of the target of every pair.
inline std::vector<heed::PairScore> score_all(const Model& model, const EncodedPairs& pairs, int threads) {
  struct Workspace {
    heed::Seq2SeqTape<float> tape;
    std::vector<heed::PairScore> scores;
  };
  std::vector<heed::PairScore> all(pairs.size());
  for_each_batch<Workspace>(batches_of(pairs), threads, [&](const auto& batch, std::size_t, auto& work) {
    compiled::score_pairs(model, choose(pairs.source, batch), choose(pairs.target, batch), work.tape, work.scores);
    for (std::size_t k = 0; k < batch.size(); ++k) all[static_cast<std::size_t>(batch[k])] = work.scores[k];
  });
  return all;
}

/// Calls use(i, weights) for every pair i, from several threads at the same time. `weights` are the attention weights
/// under teacher forcing, source x target words; without rows if the decoder has no attention.
template <class Use>
void for_each_alignment(const heed::Translator& translator, const std::vector<heed::SentencePair>& pairs,
                        const EncodedPairs& encoded, int threads, const Use& use) {
  struct Workspace {
    heed::Seq2SeqTape<float> tape;
    std::vector<heed::Buffer<float>> weights;
  };
  for_each_batch<Workspace>(batches_of(encoded), threads, [&](const auto& batch, std::size_t, auto& work) {
    compiled::align_pairs(translator.model, choose(encoded.source, batch), choose(encoded.target, batch), work.tape,
                          work.weights);
    for (std::size_t k = 0; k < batch.size(); ++k) {
      const auto i = static_cast<std::size_t>(batch[k]);
      heed::Matrix<float> weights;
      if (work.weights[k].rows() > 0) {
        weights =
            heed::weights_of_words(work.weights[k], translator.source_subwords.split(pairs[i].source).word_of_piece,
                                   translator.target_subwords.split(pairs[i].target).word_of_piece);
      }
      use(i, weights);
    }
  });
}

/// A number with two decimals.
inline std::string two_decimals(double x) { return detail::formatted("%.2f", x); }

/// Returns the agreement with gold links as text.
inline std::string alignment_text(const heed::AlignmentScore& score) {
  std::string text;
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) text += (text.empty() ? "" : ", ") + (name + (' ' + two_decimals(*value)));
  };
  add("error rate", score.error_rate);
  add("precision", score.precision);
  add("recall", score.recall);
  add("crossing", score.crossing);
  return text;
}

/// Translates the source of every pair, with several batches in parallel. The results are in the order of the pairs.
inline std::vector<heed::Words> translate_all(const heed::Translator& translator,
                                              const std::vector<heed::SentencePair>& pairs, const EncodedPairs& encoded,
                                              const DecodingOptions& how, int threads) {
  struct Workspace {
    heed::SampleWorkspace<float> decoding;
    heed::Hypotheses<float> found;
  };
  std::vector<heed::Words> translations(pairs.size());
  const auto replacements_of = [&](std::size_t i) {
    return how.replace_unknown ? replacements(translator, translator.source_subwords.split(pairs[i].source))
                               : heed::Words();
  };
  const auto size_of = [&](std::size_t i) { return size_of_search(encoded.source_lengths[i], how); };
  for_each_batch<Workspace>(
      batches_by_length(encoded.source_lengths, 64, size_of), threads, [&](const auto& batch, std::size_t, auto& work) {
        decode(translator.model, choose(encoded.source, batch), how, work.decoding, work.found);
        for (std::size_t k = 0; k < batch.size(); ++k) {
          const auto place = static_cast<std::size_t>(batch[k]);
          translations[place] = words_of(work.found[k].front(), translator, replacements_of(place), how).words;
        }
      });
  return translations;
}

/// The agreement of alignments with the gold links of the pairs. An alignment is empty if the decoder has no attention.
inline heed::AlignmentScore score_alignments(const std::vector<heed::SentencePair>& pairs,
                                             const std::vector<std::vector<heed::Index>>& alignments) {
  heed::AlignmentTally tally;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (!alignments[i].empty()) tally.add(pairs[i], alignments[i]);
  }
  return tally.score();
}

/// The agreement of the model's alignments with the gold links of the pairs; empty for a decoder without attention.
inline heed::AlignmentScore score_alignments(const heed::Translator& translator,
                                             const std::vector<heed::SentencePair>& pairs, const EncodedPairs& encoded,
                                             int threads) {
  std::vector<std::vector<heed::Index>> alignments(pairs.size());  // none without attention
  for_each_alignment(translator, pairs, encoded, threads, [&](std::size_t i, const heed::Matrix<float>& weights) {
    if (weights.rows() > 0) alignments[i] = heed::alignment_from_weights(weights);
  });
  return score_alignments(pairs, alignments);
}

/// The sentences as lines of words separated by spaces.
inline std::vector<std::string> lines_of(const std::vector<heed::Words>& sentences) {
  std::vector<std::string> lines;
  for (const heed::Words& words : sentences) lines.push_back(heed::join_words(words));
  return lines;
}

/// The scores of translations in five ranges of source lengths, with about the same number of sentences in each.
inline std::vector<LengthRecord> scores_by_length(const std::vector<heed::SentencePair>& pairs,
                                                  const std::vector<heed::Words>& hypotheses) {
  std::vector<std::size_t> order(pairs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto length = [&](std::size_t i) { return pairs[i].source.size(); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return length(a) < length(b); });
  std::vector<LengthRecord> records;
  constexpr std::size_t ranges = 5;
  for (std::size_t begin = 0, k = 1; begin < order.size(); ++k) {
    std::size_t end = std::max(begin + 1, order.size() * std::min(k, ranges) / ranges);
    while (end < order.size() && length(order[end]) == length(order[end - 1])) ++end;  // one length is in one range
    std::vector<heed::Words> found, references;
    for (std::size_t i = begin; i < end; ++i) {
      found.push_back(hypotheses[order[i]]);
      references.push_back(pairs[order[i]].target);
    }
    records.push_back({.from = length(order[begin]),
                       .to = length(order[end - 1]),
                       .sentences = end - begin,
                       .bleu = heed::corpus_bleu(found, references).score,
                       .exact_match = heed::exact_match(found, references)});
    begin = end;
  }
  return records;
}

/// Scores of translations, in percent.
struct TranslationScores {
  double bleu = 0, chrf = 0, exact_match = 0, word_error_rate = 0;

  TranslationScores() = default;
  TranslationScores(const std::vector<heed::Words>& hypotheses, const std::vector<heed::SentencePair>& pairs) {
    std::vector<heed::Words> references;
    for (const auto& pair : pairs) references.push_back(pair.target);
    bleu = heed::corpus_bleu(hypotheses, references).score;
    chrf = heed::corpus_chrf(lines_of(hypotheses), lines_of(references));
    exact_match = heed::exact_match(hypotheses, references);
    word_error_rate = heed::word_error_rate(hypotheses, references);
  }
};

/// The scores of a translator on sentence pairs.
struct Evaluation : TranslationScores {
  std::vector<heed::Words> hypotheses;  ///< in the order of the pairs
  std::optional<double> perplexity;     ///< under teacher forcing; none for an ensemble
  heed::AlignmentScore alignment;  ///< under teacher forcing; empty for an ensemble, and if there are no gold links
  double seconds = 0;              ///< duration of the search
};

/// Computes all scores of a translator on sentence pairs.
inline Evaluation evaluate(const heed::Translator& translator, const std::vector<heed::SentencePair>& pairs,
                           const DecodingOptions& how, int threads) {
  const EncodedPairs encoded(pairs, translator);
  Evaluation result;
  const auto start = std::chrono::steady_clock::now();
  result.hypotheses = translate_all(translator, pairs, encoded, how, threads);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  static_cast<TranslationScores&>(result) = TranslationScores(result.hypotheses, pairs);
  if (!how.others.empty()) return result;
  result.perplexity = std::exp(mean_loss(translator.model, encoded, threads));
  result.alignment = score_alignments(translator, pairs, encoded, threads);
  return result;
}

}  // namespace examples
