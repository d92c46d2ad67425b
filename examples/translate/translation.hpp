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
  heed::Matrix<float> weights;  ///< source x target; without rows if they are not kept or the decoder has no attention
  double score = 0;
};

/// Translates sentences as a batch. The tokenizer of the translator has split them into words. Returns up to
/// `how.search.best` different translations of each, the best first, or that many samples. The translation of an empty
/// sentence is empty.
inline std::vector<std::vector<Translation>> translate(const heed::Translator& translator,
                                                       const std::vector<heed::Words>& sentences,
                                                       const DecodingOptions& how, heed::SampleWorkspace<float>& work) {
  std::vector<std::vector<Translation>> translations(sentences.size());
  std::vector<std::vector<heed::Token>> tokens;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (sentences[i].empty()) {
      translations[i].emplace_back();
      continue;
    }
    tokens.push_back(translator.encode(sentences[i]));
    places.push_back(i);
  }
  const std::vector<std::span<const heed::Token>> batch(tokens.begin(), tokens.end());
  heed::Hypotheses<float> found;
  decode(translator.model, batch, how, work, found);
  for (std::size_t k = 0; k < found.size(); ++k) {
    const heed::Words& source = sentences[places[k]];
    auto& kept = translations[places[k]];
    for (const auto& hypothesis : found[k]) {
      if (std::ssize(kept) == how.search.best) break;
      heed::Words words = words_of(hypothesis, translator.target, source, how);
      const auto same = [&](const Translation& other) { return other.target == words; };
      if (how.replace_unknown && !how.sample && std::any_of(kept.begin(), kept.end(), same)) continue;
      kept.push_back(
          {source, std::move(words), hypothesis.weights.leftCols(std::ssize(hypothesis.tokens)), hypothesis.score});
    }
  }
  return translations;
}

}  // namespace examples
