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

/// What `check` says after `change`.
template <class Change>
std::string refused(const Change& change) {
  TranslatorConfig config = small();
  change(config);
  return refusal([&] { config.check(); });
}

TEST(ModelSize, IsTheNumberOfParametersOfEveryModel) {
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
                    "the sutskever decoder shows its state itself, so with tied embeddings hidden is as large as "
                    "embedding, 5, not 6");
          tied.embedding = tied.hidden;
        }
        EXPECT_EQ(heed::model_size(tied, 11, 13),
                  static_cast<double>(heed::parameter_count(heed::make_model<float>(tied, 11, 13))))
            << heed::test::choices(config);
      }
    }
  }
}

TEST(ModelSize, CountsTheLargestModelWithoutMakingIt) {
  TranslatorConfig largest;
  largest.layers = 16;
  largest.hidden = largest.embedding = 16384;
  EXPECT_EQ(refusal([&] { largest.check(); }), "accepted");
  const double size = heed::model_size(largest, std::numeric_limits<heed::Token>::max(), 1000);
  EXPECT_GT(size, 16384.0 * 2147483647.0);
  EXPECT_TRUE(std::isfinite(size));
}

TEST(MakeModel, MakesWhatTheConfigurationSays) {
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

TEST(MakeModel, DropsOutAsTheConfigurationSays) {
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
  model = heed::make_model<float>(config, 11, 13);
  EXPECT_TRUE(model.dropout.per_sentence && model.encoder.dropout.per_sentence && stack().dropout.per_sentence);
  EXPECT_EQ(model.encoder.recurrent.rate, 0.125F);
  EXPECT_EQ(stack().recurrent.rate, 0.125F);
}

TEST(MakeModel, TiesTheOutputLayerToFeaturesOfTheSizeOfAWord) {
  TranslatorConfig config = small();
  config.tied_embeddings = true;
  const auto model = heed::make_model<float>(config, 11, 13);
  EXPECT_TRUE(model.tied());
  EXPECT_EQ(model.decoder.feature_size(), 5);
  EXPECT_EQ(model.output.b.size(), 13);
}

TEST(MakeModel, RefusesAConfigurationOutOfRange) {
  TranslatorConfig config = small();
  config.layers = 0;
  EXPECT_EQ(refusal([&] { heed::make_model<float>(config, 5, 5); }), "layers lies between 1 and 16, not 0");
}

TEST(MakeCell, KnowsItsNames) {
  for (const auto name : heed::cell_names) EXPECT_EQ(heed::make_cell<float>(name, 3, 4).hidden_size(), 4);
  EXPECT_EQ(refusal([] { heed::make_cell<float>("cnn", 3, 4); }), "there is no cell \"cnn\"");
}

TEST(MakeScorer, KnowsItsNames) {
  for (const auto name : heed::scorer_names) EXPECT_EQ(heed::make_scorer<float>(name, 4, 4).query_size(), 4);
  EXPECT_EQ(refusal([] { heed::make_scorer<float>("", 4, 4); }), "there is no scorer \"\"");
}

TEST(MakeLook, KnowsItsNamesAndOptions) {
  TranslatorConfig config = small();
  config.window = 3;
  config.longest = 7;
  const auto look = [&](const char* attention, const char* scorer) {
    config.attention = attention;
    config.scorer = scorer;
    return heed::make_attention<float>(config).chosen;
  };
  using Scorer = heed::AnyScorer<float>;
  EXPECT_EQ((std::get<heed::LocalAttention<Scorer, heed::StepPosition<float>>>(look("local-m", "dot")).window), 3);
  EXPECT_EQ((std::get<heed::LocalAttention<Scorer, heed::PredictedPosition<float>>>(look("local-p", "dot")).window), 3);
  EXPECT_FALSE(std::get<heed::MonotonicAttention<Scorer>>(look("monotonic", "dot")).hard);
  const auto global = std::get<heed::Attention<Scorer, heed::AnyNormalizer>>(look("global", "location"));
  EXPECT_EQ(std::get<heed::LocationScorer<float>>(global.scorer.scorer).longest(), 7);
  EXPECT_EQ(refusal([&] { look("", "dot"); }), "there is no attention \"\"");
}

TEST(MakeNormalizer, KnowsItsNames) {
  EXPECT_TRUE(heed::make_normalizer("softmax").is_softmax());
  EXPECT_TRUE(std::holds_alternative<heed::Sparsemax>(heed::make_normalizer("sparsemax").normalizer));
  EXPECT_TRUE(std::holds_alternative<heed::Entmax15>(heed::make_normalizer("entmax").normalizer));
  EXPECT_EQ(refusal([] { heed::make_normalizer("max"); }), "there is no normalizer \"max\"");
}

TEST(TranslatorConfig, RefusesANormalizerWhereAttentionHasWeightsOfItsOwn) {
  EXPECT_EQ(refused([](auto& c) {
              c.normalizer = "sparsemax";
              c.attention = "local-p";
            }),
            "local-p attention has weights of its own, not those of sparsemax");
  EXPECT_EQ(refused([](auto& c) { c.normalizer = "relu"; }),
            "normalizer is one of softmax, sparsemax, entmax, not \"relu\"");
}

TEST(TranslatorConfig, RefusesScorersThatDependOnThePlaceInOtherAttention) {
  EXPECT_EQ(refused([](auto& c) {
              c.scorer = "coverage";
              c.attention = "local-m";
            }),
            "the coverage scorer depends on the place itself, so its attention is global, not local-m");
}

TEST(TranslatorConfig, SharesTheHiddenSizeBetweenTwoDirectionsForTheDotProduct) {
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

TEST(TranslatorConfig, RefusesToCopyWhatDoesNotFit) {
  const std::string directions =
      "a decoder that begins with the encoder's final states needs an encoder of one direction, not of both";
  EXPECT_EQ(refused([](auto& c) { c.copy_states = true; }), directions);
  EXPECT_EQ(refused([](auto& c) { c.decoder = "sutskever"; }), directions);
  EXPECT_EQ(refused([](auto& c) {
              c.decoder = "cho";
              c.copy_states = true;
            }),
            "the cho decoder makes its first state itself");
  for (const TranslatorConfig& config : heed::test::every_copy(small())) {
    EXPECT_EQ(refusal([&] { config.check(); }), "accepted");
  }
}

TEST(TranslatorConfig, RefusesWhatDoesNotExist) {
  EXPECT_EQ(refused([](auto& c) { c.cell = "transformer"; }),
            "cell is one of gru, lstm, rnn, rnn-relu, gru-reset-before, layer-norm-gru, layer-norm-lstm, not "
            "\"transformer\"");
  EXPECT_EQ(refused([](auto& c) { c.scorer = ""; }),
            "scorer is one of additive, dot, general, concat, scaled-dot, scaled-general, normed-additive, location, "
            "coverage, convolutional, not \"\"");
  EXPECT_EQ(refused([](auto& c) { c.attention = "none"; }),
            "attention is one of global, local-m, local-p, monotonic, not \"none\"");
  EXPECT_EQ(refused([](auto& c) { c.decoder = "Luong"; }),
            "decoder is one of bahdanau, luong, plain, cho, sutskever, not \"Luong\"");
}

TEST(TranslatorConfig, QuotesAHostileNameShortAndWithoutControlCharacters) {
  const std::string message = refused([](auto& c) { c.cell = "\x1b[2J" + std::string(1'000'000, 'x'); });
  EXPECT_LT(message.size(), 200u);
  EXPECT_NE(message.find("not \"<0x1b>[2Jxxx"), std::string::npos) << message;
}

TEST(TranslatorConfig, RefusesSizesOutOfRange) {
  EXPECT_EQ(refused([](auto& c) { c.layers = 0; }), "layers lies between 1 and 16, not 0");
  EXPECT_EQ(refused([](auto& c) { c.layers = 17; }), "layers lies between 1 and 16, not 17");
  EXPECT_EQ(refused([](auto& c) { c.hidden = -1; }), "hidden lies between 1 and 16384, not -1");
  EXPECT_EQ(refused([](auto& c) { c.hidden = 16385; }), "hidden lies between 1 and 16384, not 16385");
  EXPECT_EQ(refused([](auto& c) { c.embedding = 0; }), "embedding lies between 1 and 16384, not 0");
  EXPECT_EQ(refused([](auto& c) { c.embedding = 16385; }), "embedding lies between 1 and 16384, not 16385");
  EXPECT_EQ(refused([](auto& c) { c.dropout = 1; }), "dropout lies in [0, 1), not 1.000000");
  EXPECT_EQ(refused([](auto& c) { c.dropout = -0.5; }), "dropout lies in [0, 1), not -0.500000");
  EXPECT_EQ(refused([](auto& c) { c.dropout = std::numeric_limits<double>::quiet_NaN(); }),
            "dropout lies in [0, 1), not nan");
  EXPECT_EQ(refused([](auto& c) {
              c.cell = "rnn";
              c.recurrent_dropout = 1;
            }),
            "recurrent dropout lies in [0, 1), not 1.000000");
}

TEST(TranslatorConfig, RefusesRecurrentDropoutOfAGru) {
  EXPECT_EQ(refused([](auto& c) { c.recurrent_dropout = 0.1; }),
            "recurrent dropout needs the cell lstm or rnn: a gru also carries its state past the product");
  for (const char* const cell : {"lstm", "rnn", "rnn-relu"}) {
    EXPECT_EQ(refused([&](auto& c) {
                c.recurrent_dropout = 0.1;
                c.cell = cell;
              }),
              "accepted");
  }
}

TEST(TranslatorConfig, RefusesAnOddSizeThatTwoDirectionsMustShare) {
  const auto odd = [](auto& c) {
    c.hidden = 7;
    c.scorer = "dot";
  };
  EXPECT_EQ(refused(odd),
            "hidden is 7, but a dot product with two directions needs an even size: each direction has half");
  EXPECT_EQ(refused([&](auto& c) {
              odd(c);
              c.bidirectional = false;
            }),
            "accepted");
  EXPECT_EQ(refused([&](auto& c) {
              odd(c);
              c.decoder = "plain";
            }),
            "accepted");
}

}  // namespace translation_model_test
