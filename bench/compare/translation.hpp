#pragma once

#include "ready.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace compare {

using heed::Token;

/// The translator of the comparison: 13.5 million parameters, as many as in the usual PyTorch implementation.
///
/// The encoder is a bidirectional GRU, the decoder a GRU with additive attention. The initial state is s_0 =
/// tanh(W [last; first] + b), from the final states of both directions. The readout is tanh(W [s; c; x] + b).
using Translator = heed::Seq2Seq<heed::Encoder<heed::GruCell<float>>,
                                 heed::BahdanauDecoder<heed::GruCell<float>, heed::AdditiveScorer<float>>>;

namespace translation {

inline constexpr Index embedding = 256, hidden = 512, memory = 2 * hidden, vocabulary = 6000;
inline constexpr Index words = 14;  ///< words of a source; words of a target, eos included
inline constexpr Index batch = 32;

}  // namespace translation

/// A translator of these sizes. Its weight matrices are zero. With tied embeddings, the readout has the size of an
/// embedding. `key_bias` adds a bias to the keys.
inline Translator make_translator(const heed::Seq2SeqOptions& options, Index embedding, Index hidden, bool key_bias) {
  const Index memory = 2 * hidden, features = options.tied_embeddings ? embedding : hidden;
  return Translator(
      options,
      heed::Encoder<heed::GruCell<float>>({.input_size = embedding, .hidden_size = hidden, .bidirectional = true}),
      heed::BahdanauDecoder<heed::GruCell<float>, heed::AdditiveScorer<float>>(
          {.word_size = embedding, .memory_size = memory, .hidden_size = hidden, .feature_size = features},
          {heed::AdditiveScorer<float>(hidden, memory, hidden, key_bias), {}}));
}

/// The translator of the rows with random parameters. Biases are not zero, so a missing bias is noticed.
inline Translator make_translator() {
  using namespace translation;
  Translator model =
      make_translator({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary}, embedding, hidden, true);
  heed::Random random(1);
  heed::initialize(model, random);
  heed::for_each_parameter(
      [&](const heed::ParameterName& name, auto& x) {
        if (name.leaf().starts_with('b')) randomize(x, 0.05f, random);
      },
      model);
  return model;
}

/// A translator for search. bos and eos are improbable, so both sides generate all steps of every sentence.
inline Translator make_translator_without_end() {
  Translator model = make_translator();
  model.output.b(heed::symbols::bos) = model.output.b(heed::symbols::eos) = -1e3f;
  return model;
}

/// Sentences of random words. All have the same length, so heed, which sorts by length, does not change their order.
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

  /// The words of the sources, and of the targets with bos and eos, as arrays of words x sentences. The array of the
  /// targets has one row more than there are steps.
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
    for (std::size_t t = 0; t < sentences[0].size(); ++t) {
      for (const auto& sentence : sentences) result.push_back(sentence[t]);
    }
    if (symbols) result.insert(result.end(), sentences.size(), heed::symbols::eos);
    return result;
  }

  std::vector<std::vector<Token>> source_words_, target_words_;
  std::vector<std::span<const Token>> sources_, targets_;
};

namespace translation {

/// Numbers of elements of the weight matrices: the cells of the encoder (one direction), the keys, the bridge, and
/// everything that a step of the decoder multiplies.
inline constexpr double encoder_input = 3 * hidden * embedding, encoder_recurrent = 3 * hidden * hidden;
inline constexpr double keys = hidden * memory, bridge = hidden * memory;
inline constexpr double decoder_step = hidden * hidden + 3 * hidden * (embedding + memory) + 3 * hidden * hidden +
                                       hidden * (hidden + memory + embedding) + vocabulary * hidden;

/// The multiply-adds of encoding `sentences` sentences.
inline double reading(double sentences) {
  return sentences * (words * (2 * (encoder_input + encoder_recurrent) + keys) + bridge);
}

/// The multiply-adds of decoding `columns` hypotheses: products with weights, scores and contexts.
inline double writing(double columns) { return columns * words * (decoder_step + words * (hidden + memory)); }

}  // namespace translation

}  // namespace compare
