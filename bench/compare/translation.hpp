#pragma once

#include "ready.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace compare {

using heed::Token;

/// The translator of the comparison: 13.5 million parameters, the same as in PyTorch's usual wiring of such a model.
///
/// A bidirectional GRU reads; a GRU with additive attention writes, s_0 = tanh(W [last; first] + b) from the final
/// states of both directions, and tanh(W [s; c; x] + b) goes to the output layer.
using Translator = heed::Seq2Seq<heed::Encoder<heed::GruCell<float>>,
                                 heed::BahdanauDecoder<heed::GruCell<float>, heed::AdditiveScorer<float>>>;

namespace translation {

inline constexpr Index embedding = 256, hidden = 512, memory = 2 * hidden, vocabulary = 6000;
inline constexpr Index words = 14;  ///< of a source; of a target with its end symbol
inline constexpr Index batch = 32;

}  // namespace translation

/// Random parameters, biases included, so that one left out would be noticed.
inline Translator make_translator() {
  using namespace translation;
  Translator model(
      {.source_vocabulary = vocabulary, .target_vocabulary = vocabulary},
      heed::Encoder<heed::GruCell<float>>({.input_size = embedding, .hidden_size = hidden, .bidirectional = true}),
      heed::BahdanauDecoder<heed::GruCell<float>, heed::AdditiveScorer<float>>(
          {.word_size = embedding, .memory_size = memory, .hidden_size = hidden, .feature_size = hidden},
          {heed::AdditiveScorer<float>(hidden, memory, hidden, true), {}}));
  heed::Random random(1);
  heed::initialize(model, random);
  heed::for_each_parameter(
      [&](const heed::ParameterName& name, auto& x) {
        if (name.leaf().starts_with('b')) randomize(x, 0.05f, random);
      },
      model);
  return model;
}

/// The same for search: neither symbol is ever likely, so every sentence is written to its last step on both sides.
inline Translator make_translator_without_end() {
  Translator model = make_translator();
  model.output.b(heed::symbols::bos) = model.output.b(heed::symbols::eos) = -1e3f;
  return model;
}

/// Sentences of random words. Their order in a batch is that of `sources`: heed sorts by length and all are equally
/// long.
class TranslationBatch {
 public:
  explicit TranslationBatch(Index sentences, std::uint64_t seed = 1) {
    heed::Random random(seed);
    for (Index b = 0; b < sentences; ++b) {
      source_words_.push_back(sentence(translation::words, random));
      target_words_.push_back(sentence(translation::words - 1, random));
    }
    sources_.assign(source_words_.begin(), source_words_.end());
    targets_.assign(target_words_.begin(), target_words_.end());
  }

  heed::Sentences sources() const { return sources_; }
  heed::Sentences targets() const { return targets_; }

  /// The words as an array of words x sentences: of the sources, and of the targets between begin and end symbol, which
  /// has one row more than there are steps.
  std::vector<std::int64_t> source_rows() const { return rows(sources_, false); }
  std::vector<std::int64_t> target_rows() const { return rows(targets_, true); }

 private:
  static std::vector<Token> sentence(Index length, heed::Random& random) {
    constexpr Token specials = heed::symbols::eos + 1;
    std::vector<Token> words(static_cast<std::size_t>(length));
    for (Token& word : words) {
      word =
          specials + static_cast<Token>(random.below(static_cast<std::uint64_t>(translation::vocabulary - specials)));
    }
    return words;
  }

  static std::vector<std::int64_t> rows(heed::Sentences sentences, bool symbols) {
    std::vector<std::int64_t> result;
    if (symbols) result.assign(sentences.size(), heed::symbols::bos);
    for (std::size_t t = 0; t < sentences.front().size(); ++t) {
      for (const auto& sentence : sentences) result.push_back(sentence[t]);
    }
    if (symbols) result.insert(result.end(), sentences.size(), heed::symbols::eos);
    return result;
  }

  std::vector<std::vector<Token>> source_words_, target_words_;
  std::vector<std::span<const Token>> sources_, targets_;
};

namespace translation {

/// Numbers in the matrices of the encoder's cells (one direction), of the keys, and of all that a step of the decoder
/// multiplies.
inline constexpr double encoder_input = 3 * hidden * embedding, encoder_recurrent = 3 * hidden * hidden;
inline constexpr double keys = hidden * memory, bridge = hidden * memory;
inline constexpr double decoder_step = hidden * hidden + 3 * hidden * (embedding + memory) + 3 * hidden * hidden +
                                       hidden * (hidden + memory + embedding) + vocabulary * hidden;

/// Multiply-adds of reading `sentences` sentences.
inline double reading(double sentences) {
  return sentences * (words * (2 * (encoder_input + encoder_recurrent) + keys) + bridge);
}

/// Multiply-adds of writing `columns` hypotheses: the products, and a score and a context for every word of the source.
inline double writing(double columns) { return columns * words * (decoder_step + words * (hidden + memory)); }

}  // namespace translation

}  // namespace compare
