#pragma once

#include <heed/heed.hpp>
#include <heed/io/model_size.hpp>
#include <heed/text/utf8.hpp>

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace heed::inline v0_1 {

/// The choices a program offers by name. The first of each is the default.
inline constexpr std::array<std::string_view, 5> cell_names = {"gru", "lstm", "rnn", "rnn-relu", "gru-reset-before"};
inline constexpr std::array<std::string_view, 10> scorer_names = {
    "additive",        "dot",      "general",  "concat",       "scaled-dot", "scaled-general",
    "normed-additive", "location", "coverage", "convolutional"};
inline constexpr std::array<std::string_view, 4> attention_names = {"global", "local-m", "local-p", "monotonic"};
inline constexpr std::array<std::string_view, 5> decoder_names = {"bahdanau", "luong", "plain", "cho", "sutskever"};
inline constexpr std::array<std::string_view, 3> normalizer_names = {"softmax", "sparsemax", "entmax"};

/// What makes a translation model, apart from its parameters and vocabularies.
struct TranslatorConfig {
  std::string cell = "gru";            ///< one of `cell_names`
  std::string scorer = "additive";     ///< one of `scorer_names`
  std::string attention = "global";    ///< one of `attention_names`
  std::string normalizer = "softmax";  ///< one of `normalizer_names`, of global attention
  std::string decoder = "bahdanau";    ///< one of `decoder_names`
  Index layers = 1;                    ///< of the encoder and of the decoder
  Index hidden = 128;                  ///< size of the decoder's state; see `encoder_hidden`
  Index embedding = 64;                ///< size of an embedded word
  bool bidirectional = true;           ///< whether the encoder also reads backwards
  bool input_feeding = true;           ///< Luong's decoder only
  Index window = 10;                   ///< local attention only: how far from its centre it looks
  Index longest = 100;                 ///< location scores only: the words of a source that can be looked at
  double dropout = 0;                  ///< of embedded words, between layers, and before the output layer
  bool reverse_source = false;         ///< whether the encoder reads each sentence from its end
  bool copy_states = false;            ///< whether the decoder begins with the encoder's final states as they are
  bool variational_dropout = false;    ///< whether a sentence keeps its dropout masks for all of its steps
  double recurrent_dropout = 0;        ///< of the h that a step hands to the next: RNN and LSTM only
  bool tied_embeddings = false;        ///< whether the output layer reads the target's embedding table

  bool operator==(const TranslatorConfig&) const = default;

  /// Whether the decoder looks back at the source; then it has a scorer.
  bool attends() const { return decoder == "bahdanau" || decoder == "luong"; }

  /// The size of one direction of the encoder. Dot products need a memory as large as the query, so with them the two
  /// directions share `hidden`.
  Index encoder_hidden() const {
    const bool dot = scorer == "dot" || scorer == "scaled-dot";
    return dot && attends() && bidirectional ? hidden / 2 : hidden;
  }
  /// Rows of a memory: both directions of the encoder.
  Index memory_size() const { return (bidirectional ? 2 : 1) * encoder_hidden(); }
  /// What the output layer sees of a step; tied to the embedding, as much as an embedded word.
  Index features() const { return tied_embeddings ? embedding : hidden; }

  /// Throws unless every choice exists and every size is in range.
  void check() const {
    check_name("cell", cell, cell_names);
    check_name("scorer", scorer, scorer_names);
    check_name("attention", attention, attention_names);
    check_name("normalizer", normalizer, normalizer_names);
    check_name("decoder", decoder, decoder_names);
    check_range("layers", layers, 1, 16);
    check_range("hidden", hidden, 1, 16384);
    check_range("embedding", embedding, 1, 16384);
    check_range("window", window, 1, 16384);
    check_range("longest", longest, 1, 16384);
    const bool places = scorer == "location" || scorer == "coverage" || scorer == "convolutional";
    require(attention == "global" || normalizer == "softmax",
            [&] { return attention + " attention has weights of its own, not those of " + normalizer; });
    require(attention == "global" || !places, [&] {
      return "the " + scorer + " scorer depends on the place itself, so its attention is global, not " + attention;
    });
    check_share("dropout", dropout);
    check_share("recurrent dropout", recurrent_dropout);
    require(recurrent_dropout == 0 || cell != "gru",
            "recurrent dropout needs the cell lstm or rnn: a gru also carries its state past the product");
    require(encoder_hidden() * (hidden == encoder_hidden() ? 1 : 2) == hidden, [&] {
      return "hidden is " + std::to_string(hidden) +
             ", but a dot product with two directions needs an even size: each direction has half";
    });
    require(!tied_embeddings || decoder != "sutskever" || hidden == embedding, [&] {
      return "the sutskever decoder shows its state itself, so with tied embeddings hidden is as large as embedding, " +
             std::to_string(embedding) + ", not " + std::to_string(hidden);
    });
    require(!copy_states || decoder != "cho", "the cho decoder makes its first state itself");
    require(!bidirectional || (!copy_states && decoder != "sutskever"),
            "a decoder that begins with the encoder's final states needs an encoder of one direction, not of both");
  }

 private:
  static void check_name(std::string_view what, const std::string& given, std::span<const std::string_view> names) {
    std::string all;
    for (const std::string_view name : names) {
      if (given == name) return;
      all += (all.empty() ? "" : ", ") + std::string(name);
    }
    fail(std::string(what) + " is one of " + all + ", not " + detail::in_quotes(given));
  }
  static void check_share(std::string_view what, double given) {
    require(given >= 0 && given < 1,
            [&] { return std::string(what) + " lies in [0, 1), not " + std::to_string(given); });
  }
  static void check_range(std::string_view what, Index given, Index low, Index high) {
    require(given >= low && given <= high, [&] {
      return std::string(what) + " lies between " + std::to_string(low) + " and " + std::to_string(high) + ", not " +
             std::to_string(given);
    });
  }
};

/// The look of a translation model: any scorer, any normaliser, any part of the sentence.
template <class S>
using TranslationLook = AnyLook<AnyScorer<S>, AnyNormalizer>;

/// Every choice of cell, scorer and decoder in one type.
template <class S>
using TranslationModel = Seq2Seq<Encoder<AnyCell<S>>, AnyDecoder<AnyCell<S>, TranslationLook<S>>>;

/// Makes the cell of that name; its parameters are zero.
template <class S>
AnyCell<S> make_cell(std::string_view name, Index input, Index hidden) {
  if (name == "lstm") return LstmCell<S>(input, hidden);
  if (name == "rnn") return RnnCell<S>(input, hidden);
  if (name == "rnn-relu") return RnnCell<S, Dynamic, Dynamic, Relu>(input, hidden);
  if (name == "gru-reset-before") return GruCell<S, Dynamic, Dynamic, gru_forms::cho>(input, hidden);
  require(name == "gru", [&] { return "there is no cell \"" + std::string(name) + '"'; });
  return GruCell<S>(input, hidden);
}

/// Makes the scorer of that name for queries and memories of these sizes; those with a tanh align in the query's size.
template <class S>
AnyScorer<S> make_scorer(std::string_view name, Index query, Index memory, Index longest = 100) {
  if (name == "dot") return DotScorer<S>(query);
  if (name == "general") return GeneralScorer<S>(query, memory);
  if (name == "concat") return ConcatScorer<S>(query, memory, query);
  if (name == "scaled-dot") return ScaledDotScorer<S>(query);
  if (name == "scaled-general") return ScaledGeneralScorer<S>(query, memory);
  if (name == "normed-additive") return NormedAdditiveScorer<S>(query, memory, query);
  if (name == "location") return LocationScorer<S>(query, memory, longest);
  if (name == "coverage") return CoverageScorer<S>(query, memory, query);
  if (name == "convolutional") {
    return ConvolutionalScorer<S>({.query_size = query, .memory_size = memory, .alignment_size = query});
  }
  require(name == "additive", [&] { return "there is no scorer \"" + std::string(name) + '"'; });
  return AdditiveScorer<S>(query, memory, query);
}

/// Makes the normaliser of that name.
inline AnyNormalizer make_normalizer(std::string_view name) {
  if (name == "sparsemax") return Sparsemax();
  if (name == "entmax") return Entmax15();
  require(name == "softmax", [&] { return "there is no normalizer \"" + std::string(name) + '"'; });
  return Softmax();
}

/// Makes the look that a configuration describes; a position is predicted in the query's size.
template <class S>
TranslationLook<S> make_look(const TranslatorConfig& config) {
  using Scorer = AnyScorer<S>;
  const Index query = config.hidden;
  Scorer scorer = make_scorer<S>(config.scorer, query, config.memory_size(), config.longest);
  if (config.attention == "local-m") {
    return LocalAttention<Scorer, StepPosition<S>>(std::move(scorer), {}, config.window);
  }
  if (config.attention == "local-p") {
    return LocalAttention<Scorer, PredictedPosition<S>>(std::move(scorer), {query, query}, config.window);
  }
  if (config.attention == "monotonic") return MonotonicAttention<Scorer>(std::move(scorer));
  require(config.attention == "global", [&] { return "there is no attention \"" + config.attention + '"'; });
  return Attention<Scorer, AnyNormalizer>{std::move(scorer), make_normalizer(config.normalizer)};
}

/// Makes the model a configuration describes; its parameters are zero. Throws if the configuration is out of range.
template <class S>
TranslationModel<S> make_model(const TranslatorConfig& config, Index source_vocabulary, Index target_vocabulary) {
  config.check();
  const auto cell = [&](Index input, Index hidden) { return make_cell<S>(config.cell, input, hidden); };
  const double dropout = config.dropout;
  const Index E = config.embedding, M = config.memory_size(), H = config.hidden, F = config.features();
  const Index layers = config.layers;
  Encoder<AnyCell<S>> encoder({.input_size = E,
                               .hidden_size = config.encoder_hidden(),
                               .layers = layers,
                               .bidirectional = config.bidirectional,
                               .dropout = dropout},
                              cell);
  encoder.reversed = config.reverse_source;
  const auto drop = [&](auto& recurrent) {
    recurrent.dropout.per_sentence = config.variational_dropout;
    recurrent.recurrent = Dropout<S>(config.recurrent_dropout);
  };
  drop(encoder);
  const auto model = [&](auto decoder) {
    if (config.copy_states) decoder.bridge = Bridge<S>::copying(decoder.stack.bottom().state_size(), layers);
    drop(decoder.stack);
    TranslationModel<S> made({.source_vocabulary = source_vocabulary,
                              .target_vocabulary = target_vocabulary,
                              .dropout = dropout,
                              .tied_embeddings = config.tied_embeddings},
                             std::move(encoder), std::move(decoder));
    made.dropout.per_sentence = config.variational_dropout;
    return made;
  };
  if (config.decoder == "cho") {
    return model(ChoDecoder<S>({.word_size = E,
                                .memory_size = M,
                                .code_size = H,
                                .hidden_size = H,
                                .layers = layers,
                                .feature_size = F,
                                .dropout = dropout}));
  }
  if (config.decoder == "sutskever") {
    return model(
        SutskeverDecoder<AnyCell<S>>({.word_size = E, .hidden_size = H, .layers = layers, .dropout = dropout}, cell));
  }
  if (config.decoder == "luong") {
    const AttentionalDecoderOptions options{.word_size = E,
                                            .memory_size = M,
                                            .hidden_size = H,
                                            .layers = layers,
                                            .feature_size = F,
                                            .input_feeding = config.input_feeding,
                                            .dropout = dropout};
    return model(AttentionalDecoder<AnyCell<S>, TranslationLook<S>>(options, make_look<S>(config), cell));
  }
  const ContextDecoderOptions options{
      .word_size = E, .memory_size = M, .hidden_size = H, .layers = layers, .feature_size = F, .dropout = dropout};
  if (config.decoder == "plain") return model(PlainDecoder<AnyCell<S>>(options, {}, cell));
  return model(ContextDecoder<AnyCell<S>, TranslationLook<S>>(options, make_look<S>(config), cell));
}

/// How many numbers `make_model` would make, without making them: what a file claims is held against what it holds
/// before anything is allocated. In double, which cannot overflow here.
///
/// The number is a polynomial in every size, of the second degree in `hidden` and `embedding` and of the first in all others, so the
/// sizes of small models say what it is.
inline double model_size(TranslatorConfig config, Index source_vocabulary, Index target_vocabulary) {
  using detail::polynomial_at;
  const TranslatorConfig wanted = config;
  const bool same_size = wanted.tied_embeddings && wanted.decoder == "sutskever";  // of a state and an embedded word
  const auto count = [&](Index source, Index target) {
    return static_cast<double>(parameter_count(make_model<float>(config, source, target)));
  };
  return polynomial_at(wanted.hidden, 2, [&](Index hidden) {
    config.hidden = hidden;
    return polynomial_at(same_size ? 2 : wanted.embedding, 2, [&](Index embedding) {
      config.embedding = same_size ? hidden : embedding;
      return polynomial_at(wanted.layers, 1, [&](Index layers) {
        config.layers = layers;
        return polynomial_at(wanted.longest, 1, [&](Index longest) {
          config.longest = longest;
          return polynomial_at(source_vocabulary, 1, [&](Index source) {
            return polynomial_at(target_vocabulary, 1, [&](Index target) { return count(source, target); });
          });
        });
      });
    });
  });
}

}  // namespace heed::inline v0_1
