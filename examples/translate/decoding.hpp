#pragma once

#include "translate/corpus.hpp"
#include "translate/model.hpp"

#include <heed/text/replace_unknown.hpp>

namespace examples {

/// The options of decoding, by search or by sampling.
struct DecodingOptions {
  heed::SearchOptions search;  ///< lengths, banned words and the number of results apply to sampling too
  bool sample = false;
  heed::SampleOptions sampling = {};
  std::vector<heed::Token> prefix = {};   ///< first tokens of every translation
  bool hard = false;                      ///< monotonic attention attends to one word per step
  bool replace_unknown = false;           ///< replace unk by the source word with the largest weight
  bool subwords = false;                  ///< tokens are subwords: different hypotheses can have the same words
  std::vector<const Model*> others = {};  ///< further models, which decode together with the first one
};

/// Makes a model's monotonic attention hard: one word per step. Throws heed::Error if the model `name` has another
/// attention.
inline void harden(heed::Translator& translator, const std::string& name) {
  heed::require(translator.config.attends() && translator.config.attention == "monotonic",
                [&] { return name + ": --hard needs monotonic attention, which this model does not have"; });
  std::visit(
      [](auto& decoder) {
        if constexpr (requires { decoder.attention.chosen; }) {
          std::get<heed::MonotonicAttention<heed::AnyScorer<float>>>(decoder.attention.chosen).hard = true;
        }
      },
      translator.model.decoder.decoder);
}

/// True if different hypotheses can have the same words.
inline bool can_repeat_words(const DecodingOptions& how) { return how.replace_unknown || how.subwords; }

/// The number of hypotheses to search for, per source. If some of them can have the same words, this is the beam size,
/// so that `how.search.best` different ones remain if possible.
inline heed::Index hypotheses_wanted(const DecodingOptions& how) {
  return can_repeat_words(how) && how.search.best > 1 && !how.sample ? how.search.beam : how.search.best;
}

/// The size of a source with `words` tokens for `decode`, to limit the memory of a batch.
inline SentenceSize size_of_search(heed::Index words, const DecodingOptions& how) {
  const bool keeps = how.search.keep_weights || how.replace_unknown || how.search.coverage_penalty > 0;
  const heed::Index steps = heed::detail::step_limit(how.search, 0, words) + std::ssize(how.prefix);
  const heed::Index columns = how.sample ? how.search.best : how.search.beam;
  return {words, words, keeps ? steps * columns : 0};
}

/// Finds the `hypotheses_wanted` best translations of every source, or samples `how.search.best`. With `how.others`,
/// all models are an ensemble.
inline void decode(const Model& model, heed::Sentences sources, const DecodingOptions& how,
                   heed::SampleWorkspace<float>& work, heed::Hypotheses<float>& found) {
  std::vector<std::span<const heed::Token>> prefixes;
  if (!how.prefix.empty()) prefixes.assign(sources.size(), how.prefix);
  heed::SearchOptions searched = how.search;
  searched.prefixes = prefixes;
  searched.best = hypotheses_wanted(how);
  searched.keep_weights = how.search.keep_weights || how.replace_unknown;
  const auto with_models = [&](const auto& use) {
    if (how.others.empty()) return use(model);
    std::vector<const Model*> models = how.others;
    models.insert(models.begin(), &model);
    use(heed::Ensemble<Model>(std::move(models)));
  };
  if (!how.sample) {
    return with_models([&](const auto& models) { compiled::search(models, sources, searched, work.search, found); });
  }
  heed::SampleOptions drawn = how.sampling;
  drawn.samples = searched.best;
  drawn.keep_weights = searched.keep_weights;
  drawn.maximum_length = searched.maximum_length;
  drawn.minimum_length = searched.minimum_length;
  drawn.ban_unknown = searched.ban_unknown;
  drawn.prefixes = prefixes;
  with_models([&](const auto& models) { compiled::sample(models, sources, drawn, work, found); });
}

/// For each source token the piece that replaces a target token <unk>. `sentence` has the source pieces, and the words
/// in the form to copy.
inline heed::Words replacements(const heed::Translator& translator, const heed::SubwordSentence& sentence) {
  heed::Words copies;
  for (std::size_t i = 0; i < sentence.pieces.size(); ++i) {
    const std::string& word = sentence.words[static_cast<std::size_t>(sentence.word_of_piece[i])];
    if (translator.target_subwords.empty()) {
      copies.push_back(word);
    } else if (translator.source_subwords.empty()) {
      copies.push_back(std::string(heed::Subwords::word_mark) + word);
    } else {
      copies.push_back(sentence.pieces[i]);
    }
  }
  return copies;
}

/// The words of a translation. `source` are the `replacements` of <unk>, which only --replace-unk needs.
inline heed::SubwordSentence words_of(const heed::Hypothesis<float>& found, const heed::Translator& translator,
                                      const heed::Words& source, const DecodingOptions& how) {
  if (!how.replace_unknown) return translator.join_target(found.tokens);
  return translator.target_subwords.join(heed::replace_unknown(found.tokens, translator.target, source, found.weights));
}

}  // namespace examples
