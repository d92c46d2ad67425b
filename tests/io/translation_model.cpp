#include <heed/io/translation_model.hpp>

#include "support/refusal.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace translation_model_test {

using heed::Index;
using heed::TranslatorConfig;

TranslatorConfig small() {
  TranslatorConfig config;
  config.hidden = 6;
  config.embedding = 5;
  return config;
}

/// The error of `check` after `change`.
template <class Change>
std::string error_of(const Change& change) {
  TranslatorConfig config = small();
  change(config);
  return refusal([&] { config.check(); });
}

TEST(ModelSize, MatchesTheParameterCountOfEveryModel) {
  for (const Index layers : {1, 2, 3}) {
    for (const bool bidirectional : {true, false}) {
      TranslatorConfig sizes = small();
      sizes.layers = layers;
      sizes.bidirectional = bidirectional;
      auto all = heed::test::every_combination(sizes);
      for (const TranslatorConfig& config : heed::test::every_copy(sizes)) all.push_back(config);
      for (const TranslatorConfig& config : all) {
        const auto model = heed::make_model<float>(config, 11, 13);
        EXPECT_EQ(heed::model_size(config, 11, 13), static_cast<double>(heed::parameter_count(model)))
            << heed::test::choices(config) << ", layers " << layers << ", bidirectional " << bidirectional;
        TranslatorConfig tied = config;
        tied.tied_embeddings = true;
        if (config.decoder == "sutskever") {
          EXPECT_EQ(refusal([&] { tied.check(); }),
                    "with tied embeddings and the sutskever decoder, hidden must equal embedding, 5, got 6");
          tied.embedding = tied.hidden;
        }
        EXPECT_EQ(heed::model_size(tied, 11, 13),
                  static_cast<double>(heed::parameter_count(heed::make_model<float>(tied, 11, 13))))
            << heed::test::choices(config);
        tied.shared_embeddings = true;
        EXPECT_EQ(heed::model_size(tied, 13, 13),
                  static_cast<double>(heed::parameter_count(heed::make_model<float>(tied, 13, 13))))
            << heed::test::choices(config);
      }
    }
  }
}

TEST(ModelSize, ComputesTheSizeOfTheLargestModel) {
  TranslatorConfig largest;
  largest.layers = 16;
  largest.hidden = largest.embedding = 16384;
  EXPECT_EQ(refusal([&] { largest.check(); }), "accepted");
  const double size = heed::model_size(largest, std::numeric_limits<heed::Token>::max(), 1000);
  EXPECT_GT(size, 16384.0 * 2147483647.0);
  EXPECT_TRUE(std::isfinite(size));
}

TEST(MakeModel, FollowsTheConfiguration) {
  TranslatorConfig config = small();
  config.cell = "lstm";
  config.decoder = "luong";
  config.scorer = "concat";
  config.layers = 2;
  config.dropout = 0.25;
  const auto model = heed::make_model<float>(config, 11, 13);
  EXPECT_EQ(model.source.vocabulary(), 11);
  EXPECT_EQ(model.target.vocabulary(), 13);
  EXPECT_EQ(model.output.output_size(), 13);
  EXPECT_EQ(model.source.size(), 5);
  EXPECT_EQ(model.encoder.layers.size(), 2u);
  EXPECT_EQ(model.encoder.directions(), 2);
  EXPECT_EQ(model.encoder.output_size(), 12);
  EXPECT_EQ(model.dropout.rate, 0.25F);
  EXPECT_EQ(model.encoder.dropout.rate, 0.25F);
  using Scorer = heed::AnyScorer<float>;
  using Luong = heed::AttentionalDecoder<heed::AnyCell<float>, heed::TranslationAttention<float>>;
  const auto& luong = std::get<Luong>(model.decoder.decoder);
  EXPECT_EQ(luong.stack.dropout.rate, 0.25F);
  EXPECT_TRUE(luong.input_feeding);
  EXPECT_TRUE(std::holds_alternative<heed::LstmCell<float>>(luong.stack.bottom().cell));
  const auto& attention = std::get<heed::Attention<Scorer, heed::AnyNormalizer>>(luong.attention.chosen);
  EXPECT_TRUE(std::holds_alternative<heed::ConcatScorer<float>>(attention.scorer.scorer));
  EXPECT_EQ(heed::squared_norm(model), 0);
}

TEST(MakeModel, SetsDropoutFromTheConfiguration) {
  TranslatorConfig config = small();
  config.cell = "lstm";
  config.dropout = 0.25;
  auto model = heed::make_model<float>(config, 11, 13);
  const auto stack = [&]() -> const auto& {
    return std::get<heed::ContextDecoder<heed::AnyCell<float>, heed::TranslationAttention<float>>>(
               model.decoder.decoder)
        .stack;
  };
  EXPECT_FALSE(model.dropout.per_sentence || model.encoder.dropout.per_sentence || stack().dropout.per_sentence);
  EXPECT_EQ(model.encoder.recurrent.rate, 0);
  config.variational_dropout = true;
  config.recurrent_dropout = 0.125;
  config.memory_dropout = 0.375;
  model = heed::make_model<float>(config, 11, 13);
  EXPECT_TRUE(model.dropout.per_sentence && model.encoder.dropout.per_sentence && stack().dropout.per_sentence);
  EXPECT_TRUE(model.memory_dropout.per_sentence);
  EXPECT_EQ(model.memory_dropout.rate, 0.375);
  EXPECT_EQ(model.encoder.recurrent.rate, 0.125F);
  EXPECT_EQ(stack().recurrent.rate, 0.125F);
}

TEST(MakeModel, TiedOutputLayerSetsTheFeatureSize) {
  TranslatorConfig config = small();
  config.tied_embeddings = true;
  const auto model = heed::make_model<float>(config, 11, 13);
  EXPECT_TRUE(model.tied());
  EXPECT_EQ(model.decoder.feature_size(), 5);
  EXPECT_EQ(model.output.b.size(), 13);
}

TEST(MakeModel, SharedEmbeddingsHaveOneTable) {
  TranslatorConfig config = small();
  config.tied_embeddings = true;
  const auto tied = heed::make_model<float>(config, 13, 13);
  config.shared_embeddings = true;
  const auto model = heed::make_model<float>(config, 13, 13);
  EXPECT_TRUE(model.shared());
  EXPECT_EQ(model.source_embedding().vocabulary(), 13);
  EXPECT_EQ(heed::parameter_count(model) + 13 * 5, heed::parameter_count(tied));
  EXPECT_EQ(refusal([&] { heed::make_model<float>(config, 11, 13); }),
            "Seq2Seq: with shared embeddings the source vocabulary must have the size of the target vocabulary, 13, "
            "got 11");
}

TEST(MakeModel, RejectsConfigurationsOutOfRange) {
  TranslatorConfig config = small();
  config.layers = 0;
  EXPECT_EQ(refusal([&] { heed::make_model<float>(config, 5, 5); }), "layers must be from 1 to 16, got 0");
}

TEST(MakeCell, SupportsAllNames) {
  for (const auto name : heed::cell_names) EXPECT_EQ(heed::make_cell<float>(name, 3, 4).hidden_size(), 4);
  EXPECT_EQ(refusal([] { heed::make_cell<float>("cnn", 3, 4); }), "there is no cell \"cnn\"");
}

TEST(MakeScorer, SupportsAllNames) {
  TranslatorConfig config = small();
  for (const auto name : heed::scorer_names) {
    config.scorer = name;
    EXPECT_EQ(heed::make_scorer<float>(config).query_size(), config.hidden) << name;
  }
  config.scorer = "convolutional";
  config.filters = 3;
  config.filter_width = 5;
  const auto scorer = std::get<heed::ConvolutionalScorer<float>>(heed::make_scorer<float>(config).scorer);
  EXPECT_EQ(scorer.F.rows(), 3);
  EXPECT_EQ(scorer.F.cols(), 5);
  config.scorer = "";
  EXPECT_EQ(refusal([&] { heed::make_scorer<float>(config); }), "there is no scorer \"\"");
}

TEST(MakeAttention, SupportsAllNamesAndOptions) {
  TranslatorConfig config = small();
  config.window = 3;
  config.longest = 7;
  const auto make = [&](const char* attention, const char* scorer) {
    config.attention = attention;
    config.scorer = scorer;
    return heed::make_attention<float>(config).chosen;
  };
  using Scorer = heed::AnyScorer<float>;
  EXPECT_EQ((std::get<heed::LocalAttention<Scorer, heed::StepPosition<float>>>(make("local-m", "dot")).window), 3);
  EXPECT_EQ((std::get<heed::LocalAttention<Scorer, heed::PredictedPosition<float>>>(make("local-p", "dot")).window), 3);
  EXPECT_FALSE(std::get<heed::MonotonicAttention<Scorer>>(make("monotonic", "dot")).hard);
  const auto global = std::get<heed::Attention<Scorer, heed::AnyNormalizer>>(make("global", "location"));
  EXPECT_EQ(std::get<heed::LocationScorer<float>>(global.scorer.scorer).longest(), 7);
  EXPECT_EQ(refusal([&] { make("", "dot"); }), "there is no attention \"\"");
}

TEST(MakeNormalizer, SupportsAllNames) {
  EXPECT_TRUE(heed::make_normalizer("softmax").is_softmax());
  EXPECT_TRUE(std::holds_alternative<heed::Sparsemax>(heed::make_normalizer("sparsemax").normalizer));
  EXPECT_TRUE(std::holds_alternative<heed::Entmax15>(heed::make_normalizer("entmax").normalizer));
  EXPECT_EQ(refusal([] { heed::make_normalizer("max"); }), "there is no normalizer \"max\"");
}

TEST(TranslatorConfig, RejectsNormalizersForLocalAttention) {
  EXPECT_EQ(error_of([](auto& c) {
              c.normalizer = "sparsemax";
              c.attention = "local-p";
            }),
            "the local-p attention needs the normalizer softmax, got sparsemax");
  EXPECT_EQ(error_of([](auto& c) { c.normalizer = "relu"; }),
            "normalizer must be one of softmax, sparsemax, entmax, got \"relu\"");
}

TEST(TranslatorConfig, RejectsPositionalScorersOutsideGlobalAttention) {
  EXPECT_EQ(error_of([](auto& c) {
              c.scorer = "coverage";
              c.attention = "local-m";
            }),
            "the coverage scorer depends on the position, so it needs global attention, got local-m");
}

TEST(TranslatorConfig, DotProductHalvesTheHiddenSizePerDirection) {
  TranslatorConfig config = small();
  EXPECT_EQ(config.encoder_hidden(), 6);
  EXPECT_EQ(config.memory_size(), 12);
  config.scorer = "dot";
  EXPECT_EQ(config.encoder_hidden(), 3);
  EXPECT_EQ(config.memory_size(), 6);
  config.bidirectional = false;
  EXPECT_EQ(config.encoder_hidden(), 6);
  EXPECT_EQ(config.memory_size(), 6);
  config.bidirectional = true;
  config.decoder = "plain";
  EXPECT_EQ(config.memory_size(), 12);
}

TEST(TranslatorConfig, AcceptsEveryCombination) {
  for (const TranslatorConfig& config : heed::test::every_combination(small())) {
    EXPECT_EQ(refusal([&] { config.check(); }), "accepted");
  }
  EXPECT_EQ(refusal([] { TranslatorConfig().check(); }), "accepted");
}

TEST(TranslatorConfig, RejectsInvalidStateCopies) {
  const std::string directions = "copy_states and the sutskever decoder need a unidirectional encoder";
  EXPECT_EQ(error_of([](auto& c) { c.copy_states = true; }), directions);
  EXPECT_EQ(error_of([](auto& c) { c.decoder = "sutskever"; }), directions);
  EXPECT_EQ(error_of([](auto& c) {
              c.decoder = "cho";
              c.copy_states = true;
            }),
            "the cho decoder does not support copy_states");
  for (const TranslatorConfig& config : heed::test::every_copy(small())) {
    EXPECT_EQ(refusal([&] { config.check(); }), "accepted");
  }
}

TEST(TranslatorConfig, RejectsSharedWithoutTiedEmbeddings) {
  EXPECT_EQ(error_of([](auto& c) { c.shared_embeddings = true; }),
            "with shared embeddings tied_embeddings must be true, got false");
  EXPECT_EQ(error_of([](auto& c) { c.shared_embeddings = c.tied_embeddings = true; }), "accepted");
}

TEST(TranslatorConfig, RejectsUnknownNames) {
  EXPECT_EQ(error_of([](auto& c) { c.cell = "transformer"; }),
            "cell must be one of gru, lstm, rnn, rnn-relu, gru-reset-before, layer-norm-gru, layer-norm-lstm, got "
            "\"transformer\"");
  EXPECT_EQ(error_of([](auto& c) { c.scorer = ""; }),
            "scorer must be one of additive, dot, general, concat, scaled-dot, scaled-general, normed-additive, "
            "location, coverage, convolutional, got \"\"");
  EXPECT_EQ(error_of([](auto& c) { c.attention = "none"; }),
            "attention must be one of global, local-m, local-p, monotonic, got \"none\"");
  EXPECT_EQ(error_of([](auto& c) { c.decoder = "Luong"; }),
            "decoder must be one of bahdanau, luong, conditional, plain, cho, sutskever, got \"Luong\"");
}

TEST(TranslatorConfig, TruncatesAndEscapesHostileNames) {
  const std::string message = error_of([](auto& c) { c.cell = "\x1b[2J" + std::string(1'000'000, 'x'); });
  EXPECT_LT(message.size(), 200u);
  EXPECT_NE(message.find("got \"<0x1b>[2Jxxx"), std::string::npos) << message;
}

TEST(TranslatorConfig, RejectsSizesOutOfRange) {
  EXPECT_EQ(error_of([](auto& c) { c.layers = 0; }), "layers must be from 1 to 16, got 0");
  EXPECT_EQ(error_of([](auto& c) { c.layers = 17; }), "layers must be from 1 to 16, got 17");
  EXPECT_EQ(error_of([](auto& c) { c.hidden = -1; }), "hidden must be from 1 to 16384, got -1");
  EXPECT_EQ(error_of([](auto& c) { c.hidden = 16385; }), "hidden must be from 1 to 16384, got 16385");
  EXPECT_EQ(error_of([](auto& c) { c.embedding = 0; }), "embedding must be from 1 to 16384, got 0");
  EXPECT_EQ(error_of([](auto& c) { c.embedding = 16385; }), "embedding must be from 1 to 16384, got 16385");
  EXPECT_EQ(error_of([](auto& c) { c.dropout = 1; }), "dropout must be in [0, 1), got 1.000000");
  EXPECT_EQ(error_of([](auto& c) { c.memory_dropout = 1; }), "memory dropout must be in [0, 1), got 1.000000");
  EXPECT_EQ(error_of([](auto& c) { c.dropout = -0.5; }), "dropout must be in [0, 1), got -0.500000");
  EXPECT_EQ(error_of([](auto& c) { c.dropout = std::numeric_limits<double>::quiet_NaN(); }),
            "dropout must be in [0, 1), got nan");
  EXPECT_EQ(error_of([](auto& c) {
              c.cell = "rnn";
              c.recurrent_dropout = 1;
            }),
            "recurrent dropout must be in [0, 1), got 1.000000");
}

TEST(TranslatorConfig, RejectsRecurrentDropoutForGru) {
  for (const char* const cell : {"gru", "gru-reset-before", "layer-norm-gru"}) {
    EXPECT_EQ(error_of([&](auto& c) {
                c.recurrent_dropout = 0.1;
                c.cell = cell;
              }),
              std::string("recurrent dropout needs the cell lstm, layer-norm-lstm, rnn or rnn-relu, got ") + cell);
  }
  for (const char* const cell : {"lstm", "layer-norm-lstm", "rnn", "rnn-relu"}) {
    EXPECT_EQ(error_of([&](auto& c) {
                c.recurrent_dropout = 0.1;
                c.cell = cell;
              }),
              "accepted");
  }
}

TEST(TranslatorConfig, RejectsOddHiddenSizeForTwoDirectionsWithDot) {
  const auto odd = [](auto& c) {
    c.hidden = 7;
    c.scorer = "dot";
  };
  EXPECT_EQ(error_of(odd), "hidden must be even with a dot scorer and a bidirectional encoder, got 7");
  EXPECT_EQ(error_of([&](auto& c) {
              odd(c);
              c.bidirectional = false;
            }),
            "accepted");
  EXPECT_EQ(error_of([&](auto& c) {
              odd(c);
              c.decoder = "plain";
            }),
            "accepted");
}

}  // namespace translation_model_test
