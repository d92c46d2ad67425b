#pragma once

#include "translate/decoding.hpp"

#include <heed/io/translator.hpp>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace examples {

/// A sentence, its translation, and the attention weights of every target word.
struct Translation {
  heed::Words source, target;
  heed::Matrix<float> weights;  ///< source x target words; without rows if they are not kept or without attention
  double score = 0;
};

/// Translates sentences as a batch. The tokenizer of the translator has split them into words. Returns up to
/// `how.search.best` different translations of each, the best first, or that many samples. The translation of an empty
/// sentence is empty.
inline std::vector<std::vector<Translation>> translate(const heed::Translator& translator,
                                                       const std::vector<heed::Words>& sentences,
                                                       const DecodingOptions& how, heed::SampleWorkspace<float>& work) {
  std::vector<std::vector<Translation>> translations(sentences.size());
  std::vector<heed::SubwordSentence> sources;
  std::vector<std::vector<heed::Token>> tokens;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (sentences[i].empty()) {
      translations[i].emplace_back();
      continue;
    }
    sources.push_back(translator.split_source(sentences[i]));
    tokens.push_back(translator.source.encode(sources.back().pieces));
    places.push_back(i);
  }
  const std::vector<std::span<const heed::Token>> batch(tokens.begin(), tokens.end());
  heed::Hypotheses<float> found;
  decode(translator.model, batch, how, work, found);
  for (std::size_t k = 0; k < found.size(); ++k) {
    const heed::Words& source = sentences[places[k]];
    sources[k].words = source;  // words are copied with their capital letters
    const heed::Words copies = replacements(translator, sources[k]);
    auto& kept = translations[places[k]];
    for (const auto& hypothesis : found[k]) {
      if (std::ssize(kept) == how.search.best) break;
      heed::SubwordSentence target = words_of(hypothesis, translator, copies, how);
      const auto same = [&](const Translation& other) { return other.target == target.words; };
      if (can_repeat_words(how) && !how.sample && std::any_of(kept.begin(), kept.end(), same)) continue;
      heed::Matrix<float> weights;
      if (hypothesis.weights.rows() > 0) {
        weights = heed::weights_of_words(hypothesis.weights, sources[k].word_of_piece, target.word_of_piece);
      }
      kept.push_back({source, std::move(target.words), std::move(weights), hypothesis.score});
    }
  }
  return translations;
}

}  // namespace examples
