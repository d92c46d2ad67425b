#pragma once

#include <heed/io/translator.hpp>

#include <span>
#include <utility>
#include <vector>

namespace examples {

/// A sentence, its translation, and what was looked at for each word of it.
struct Translation {
  heed::Words source, target;
  heed::Matrix<float> weights;  ///< source x target; without rows where the decoder looks at nothing
};

/// Translates sentences together. An empty one stays empty.
template <class Model>
std::vector<Translation> translate(const Model& model, const heed::Translator& translator,
                                   std::vector<heed::Words> sentences, const heed::SearchOptions& options,
                                   heed::SearchWorkspace<float>& work) {
  std::vector<Translation> translations(sentences.size());
  std::vector<std::vector<heed::Token>> tokens;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    translations[i].source = std::move(sentences[i]);
    if (translations[i].source.empty()) continue;
    tokens.push_back(translator.source.encode(translations[i].source));
    places.push_back(i);
  }
  const std::vector<std::span<const heed::Token>> batch(tokens.begin(), tokens.end());
  std::vector<heed::Hypothesis<float>> found;
  search(model, batch, options, work, found);
  for (std::size_t k = 0; k < found.size(); ++k) {
    Translation& translation = translations[places[k]];
    for (const heed::Token token : found[k].tokens) translation.target.push_back(translator.target.word(token));
    translation.weights = found[k].weights.leftCols(static_cast<heed::Index>(found[k].tokens.size()));
  }
  return translations;
}

}  // namespace examples
