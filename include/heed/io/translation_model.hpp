#pragma once

#include <heed/heed.hpp>
#include <heed/io/model_size.hpp>
#include <heed/io/translator_config.hpp>

#include <string>
#include <string_view>

namespace heed { inline namespace v0_2 {

/// Attention mechanism of a translation model. The scorer, the normaliser and the mechanism are selected at run time.
template <class S>
using TranslationAttention = AnyAttention<AnyScorer<S>, AnyNormalizer>;

/// Translation model. The cell, the attention mechanism and the decoder are selected at run time.
template <class S>
using TranslationModel = Seq2Seq<Encoder<AnyCell<S>>, AnyDecoder<AnyCell<S>, TranslationAttention<S>>>;

/// Creates the cell with this name. Its weight matrices are zero until `initialize` is called. Throws heed::Error if
/// there is no such cell.
template <class S>
AnyCell<S> make_cell(std::string_view name, Index input, Index hidden) {
  if (name == "lstm") return LstmCell<S>(input, hidden);
  if (name == "rnn") return RnnCell<S>(input, hidden);
  if (name == "rnn-relu") return RnnCell<S, Dynamic, Dynamic, Relu>(input, hidden);
  if (name == "gru-reset-before") return GruCell<S, Dynamic, Dynamic, gru_forms::cho>(input, hidden);
  if (name == "layer-norm-gru") return LayerNormGruCell<S>(input, hidden);
  if (name == "layer-norm-lstm") return LayerNormLstmCell<S>(input, hidden);
  require(name == "gru", [&] { return "there is no cell \"" + std::string(name) + '"'; });
  return GruCell<S>(input, hidden);
}

/// Creates the scorer of a configuration. Scorers with a tanh have the alignment size `hidden`. Throws heed::Error if
/// there is no such scorer.
template <class S>
AnyScorer<S> make_scorer(const TranslatorConfig& config) {
  const std::string& name = config.scorer;
  const Index query = config.hidden, memory = config.memory_size();
  if (name == "dot") return DotScorer<S>(query);
  if (name == "general") return GeneralScorer<S>(query, memory);
  if (name == "concat") return ConcatScorer<S>(query, memory, query);
  if (name == "scaled-dot") return ScaledDotScorer<S>(query);
  if (name == "scaled-general") return ScaledGeneralScorer<S>(query, memory);
  if (name == "normed-additive") return NormedAdditiveScorer<S>(query, memory, query);
  if (name == "location") return LocationScorer<S>(query, memory, config.longest);
  if (name == "coverage") return CoverageScorer<S>(query, memory, query);
  if (name == "convolutional") {
    return ConvolutionalScorer<S>({.query_size = query,
                                   .memory_size = memory,
                                   .alignment_size = query,
                                   .filters = config.filters,
                                   .width = config.filter_width});
  }
  require(name == "additive", [&] { return "there is no scorer \"" + name + '"'; });
  return AdditiveScorer<S>(query, memory, query);
}

/// Creates the normaliser with this name. Throws heed::Error if there is no such normaliser.
inline AnyNormalizer make_normalizer(std::string_view name) {
  if (name == "sparsemax") return Sparsemax();
  if (name == "entmax") return Entmax15();
  require(name == "softmax", [&] { return "there is no normalizer \"" + std::string(name) + '"'; });
  return Softmax();
}

/// Creates the attention mechanism of a configuration. For local-p, the layer that predicts the position has the
/// query's size. Throws heed::Error if there is no such mechanism.
template <class S>
TranslationAttention<S> make_attention(const TranslatorConfig& config) {
  using Scorer = AnyScorer<S>;
  const Index query = config.hidden;
  Scorer scorer = make_scorer<S>(config);
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

/// Creates the model of a configuration. Its weight matrices are zero until `initialize` is called. Throws heed::Error
/// if the configuration is invalid.
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
    if constexpr (requires { decoder.transition; }) drop(decoder.transition);
    TranslationModel<S> made({.source_vocabulary = source_vocabulary,
                              .target_vocabulary = target_vocabulary,
                              .dropout = dropout,
                              .memory_dropout = config.memory_dropout,
                              .tied_embeddings = config.tied_embeddings,
                              .shared_embeddings = config.shared_embeddings},
                             std::move(encoder), std::move(decoder));
    made.dropout.per_sentence = made.memory_dropout.per_sentence = config.variational_dropout;
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
    return model(AttentionalDecoder<AnyCell<S>, TranslationAttention<S>>(options, make_attention<S>(config), cell));
  }
  const ContextDecoderOptions options{.word_size = E,
                                      .memory_size = M,
                                      .hidden_size = H,
                                      .layers = layers,
                                      .feature_size = F,
                                      .dropout = dropout,
                                      .conditional = config.decoder == "conditional"};
  if (config.decoder == "plain") return model(PlainDecoder<AnyCell<S>>(options, {}, cell));
  return model(ContextDecoder<AnyCell<S>, TranslationAttention<S>>(options, make_attention<S>(config), cell));
}

/// Returns the number of parameters that `make_model` would create, without allocating them. When a file is loaded,
/// this number is compared with the number of values in the file before the model is allocated. The result is a double,
/// which cannot overflow here.
///
/// The number is a polynomial in every size, of degree 2 in `hidden` and `embedding` and of degree 1 in all others, so
/// the parameter counts of small models determine it. With shared embeddings it does not depend on `source_vocabulary`.
inline double model_size(const TranslatorConfig& config, Index source_vocabulary, Index target_vocabulary) {
  const bool same_size = config.tied_embeddings && config.decoder == "sutskever";  // hidden == embedding is required
  const auto count = [&](Index hidden, Index embedding, Index layers, Index longest, Index source, Index target) {
    TranslatorConfig small = config;
    small.hidden = hidden;
    small.embedding = same_size ? hidden : embedding;
    small.layers = layers;
    small.longest = longest;
    return parameter_count(make_model<float>(small, config.shared_embeddings ? target : source, target));
  };
  using detail::SizeOf;
  return detail::polynomial_at(count, SizeOf{config.hidden, 2}, SizeOf{config.embedding, 2}, SizeOf{config.layers, 1},
                               SizeOf{config.longest, 1}, SizeOf{source_vocabulary, 1}, SizeOf{target_vocabulary, 1});
}

}}  // namespace heed::v0_2
