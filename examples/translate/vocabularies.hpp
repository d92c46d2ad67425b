#pragma once

#include "translate/corpus.hpp"

#include <heed/text/subword_training.hpp>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace examples {

/// How the vocabularies of a new translator are made.
struct VocabularyOptions {
  std::size_t minimum_frequency = 1;       ///< rarer words become <unk>
  std::string subwords = "none";           ///< type of the subwords to train: bpe, unigram or none
  std::optional<std::size_t> size;         ///< pieces of each trained vocabulary; default: 8000
  bool joint = false;                      ///< one vocabulary of pieces for both languages
  std::string source_model, target_model;  ///< SentencePiece model files; empty: none

  /// Throws heed::Error if an option has no effect with the others.
  void check() const {
    const bool files = !source_model.empty() || !target_model.empty();
    heed::require(subwords != "none" || !joint, "--joint-vocabulary needs --subwords bpe or unigram");
    heed::require(subwords != "none" || !size, "--vocabulary-size needs --subwords bpe or unigram");
    heed::require(subwords == "none" || !files,
                  "--subwords trains subwords, so it cannot be used with --source-subwords and --target-subwords");
    const bool pieces_only = subwords != "none" || (!source_model.empty() && !target_model.empty());
    heed::require(minimum_frequency == 1 || !pieces_only,
                  "--min-frequency has no effect, because all tokens are subwords");
  }
};

namespace detail {

inline heed::Subwords read_subwords(const std::string& path) {
  if (path.empty()) return {};
  std::ifstream in = heed::detail::open_text(path);
  std::string model{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  heed::require(!in.bad(), [&] { return path + ": reading failed"; });
  try {
    return heed::Subwords(std::move(model));
  } catch (const heed::Error& error) {
    heed::fail(path + ": " + error.what());
  }
}

/// Trains subwords on the source sentences, the target sentences, or both.
inline heed::Subwords train_subwords(const PairData& pairs, const VocabularyOptions& options, bool source,
                                     bool target) {
  PairData::Pass pass(pairs);
  const heed::SentencePair* pair = nullptr;
  bool target_is_next = false;
  const auto next = [&](std::string& line) {
    if (!target_is_next) pair = pass.next();
    if (pair == nullptr) return false;
    line = heed::join_words(target_is_next || !source ? pair->target : pair->source);
    target_is_next = source && target && !target_is_next;
    return true;
  };
  return heed::train_subwords(next, {options.subwords, options.size.value_or(8000)});
}

}  // namespace detail

/// Creates an untrained translator with vocabularies from the training data. With shared embeddings, both are one
/// vocabulary of all words or pieces.
inline heed::Translator make_translator(const heed::TranslatorConfig& config, const PairData& pairs,
                                        const VocabularyOptions& options = {}) {
  heed::Subwords source = detail::read_subwords(options.source_model);
  heed::Subwords target = detail::read_subwords(options.target_model);
  if (options.subwords != "none") {
    const bool joint = options.joint || config.shared_embeddings;
    source = detail::train_subwords(pairs, options, true, joint);
    target = joint ? source : detail::train_subwords(pairs, options, false, true);
  }
  heed::WordCounts source_words, target_words;
  if (source.empty() || target.empty()) {
    PairData::Pass pass(pairs);
    while (const heed::SentencePair* const pair = pass.next()) {
      if (source.empty()) source_words.add(pair->source);
      if (target.empty()) (config.shared_embeddings ? source_words : target_words).add(pair->target);
    }
  }
  const auto vocabulary = [&](const heed::Subwords& subwords, const heed::WordCounts& words) {
    return subwords.empty() ? heed::Vocabulary::build(words, options.minimum_frequency) : subwords.vocabulary();
  };
  heed::Vocabulary of_source = vocabulary(source, source_words);
  heed::Vocabulary of_target = vocabulary(target, config.shared_embeddings ? source_words : target_words);
  return heed::Translator(config, std::move(of_source), std::move(of_target), std::move(source), std::move(target));
}

}  // namespace examples
