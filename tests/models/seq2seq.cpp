#include <heed/models/seq2seq.hpp>

#include <heed/training/gradient_check.hpp>

#include "support/refusal.hpp"
#include "support/sentence_oracle.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>

namespace seq2seq_test {

using heed::Index;
using heed::Random;
using heed::Token;
using heed::TranslatorConfig;
using heed::test::Batch;

using Model = heed::TranslationModel<double>;

constexpr Index vocabulary = 5;

/// Two layers and two directions. The sizes are small because every element of the gradients is checked.
TranslatorConfig stacked() {
  TranslatorConfig config;
  config.layers = 2;
  config.hidden = 4;
  config.embedding = 2;
  return config;
}

TranslatorConfig flat() {
  TranslatorConfig config = stacked();
  config.layers = 1;
  config.bidirectional = false;
  return config;
}

class EveryModel : public testing::TestWithParam<TranslatorConfig> {
 protected:
  void expect_gradients(const Model& model, double smoothing, bool dropout, double forcing = 1,
                        double tolerance = 1e-6) {
    const Batch batch = heed::test::ragged_batch();
    Model::Tape tape;
    Model varied = model, grad = heed::zeros_like(model);
    const double scale = 0.25;
    heed::LossOptions<double> options{smoothing, 1, nullptr};
    options.teacher_forcing = forcing;
    std::vector<Token> inputs;
    const auto loss = [&] {
      Random random(5);
      options.random = dropout || forcing < 1 ? &random : nullptr;
      const double sum = scale * varied.loss(batch.sources, batch.targets, tape, options);
      EXPECT_TRUE(inputs.empty() || tape.target.tokens == inputs) << "a sampled token changed with a parameter";
      return sum;
    };
    Random random(5);
    auto scaled = options;
    scaled.scale = scale;
    scaled.random = dropout || forcing < 1 ? &random : nullptr;
    const double analytic = model.loss_and_gradient(batch.sources, batch.targets, tape, grad, scaled);
    inputs = tape.target.tokens;
    EXPECT_NEAR(scale * analytic, loss(), 1e-12);
    const heed::GradientCheck check = heed::check_gradients(varied, grad, loss);
    EXPECT_EQ(check.checked, heed::parameter_count(model));
    EXPECT_LE(check.error, tolerance) << check.name << '[' << check.place << "] is " << check.analytic << ", not "
                                      << check.numeric;
  }
};

using Parameters = std::map<std::string, heed::Matrix<double>>;

/// The parameters by name, to compare parts of different types.
template <class P>
Parameters by_name(const P& part) {
  Parameters result;
  heed::for_each_parameter([&](const heed::ParameterName& name, const auto& x) { result[name.str()] = x; }, part);
  return result;
}

std::vector<double> losses(const Model& model, const Batch& batch, const heed::LossOptions<double>& options = {}) {
  Model::Tape tape;
  std::vector<double> result;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Batch alone = batch.at({i});
    result.push_back(model.loss(alone.sources, alone.targets, tape, options));
  }
  return result;
}

TEST_P(EveryModel, MatchesPaperStepByStep) {
  const Batch batch = heed::test::ragged_batch();
  for (const TranslatorConfig& sizes : {stacked(), flat()}) {
    TranslatorConfig config = GetParam();
    config.layers = sizes.layers;
    config.bidirectional = config.bidirectional && sizes.bidirectional;
    const Model model = heed::test::random_model(config, vocabulary, 1);
    for (const double smoothing : {0.0, 0.3}) {
      Model::Tape tape;
      const double loss = model.loss(batch.sources, batch.targets, tape, {smoothing, 1, nullptr});
      oracle::Real expected = 0;
      const auto& packing = tape.target.packing;
      for (Index p = 0; p < packing.sentences(); ++p) {
        const auto b = static_cast<std::size_t>(packing.sentence(p));
        const auto alone = oracle::sentence_loss(model, batch.sources[b], batch.targets[b], smoothing);
        expected += alone.loss;
        for (std::size_t t = 0; t < alone.weights.size(); ++t) {
          const auto weights = tape.weights(static_cast<Index>(t), p);
          EXPECT_LE(difference(weights, oracle::matrix({alone.weights[t]})), 1e-13);
        }
      }
      EXPECT_NEAR(loss, static_cast<double>(expected), 1e-12);
    }
  }
}

TEST_P(EveryModel, GradientsMatchCentralDifferences) {
  TranslatorConfig config = GetParam();
  config.layers = flat().layers;
  config.bidirectional = flat().bidirectional;
  // The first cell of a conditional decoder normalises the product of a small word alone, where layer normalisation is
  // steep: central differences are less accurate.
  const bool steep = config.cell.starts_with("layer-norm") && config.decoder == "conditional";
  expect_gradients(heed::test::random_model(config, vocabulary, 2), 0, false, 1, steep ? 1e-5 : 1e-6);
}

TEST_P(EveryModel, GradientsMatchDifferencesInStackWithDropout) {
  TranslatorConfig config = GetParam();
  config.dropout = 0.3;
  // Dropout leaves few non-zero values, where layer normalisation is steep: central differences are less accurate.
  const double tolerance = config.cell.starts_with("layer-norm") ? 1e-5 : 1e-6;
  expect_gradients(heed::test::random_model(config, vocabulary, 3), 0.1, true, 1, tolerance);
}

TEST_P(EveryModel, DecoderInputsAreLabelsOrMostLikelyTokens) {
  const Batch batch = heed::test::ragged_batch();
  const Model model = heed::test::random_model(GetParam(), vocabulary, 33);
  for (const double forcing : {0.0, 0.5}) {
    Model::Tape tape;
    Random random(7);
    heed::LossOptions<double> options;
    options.random = &random;
    options.teacher_forcing = forcing;
    const double loss = model.loss(batch.sources, batch.targets, tape, options);
    const auto& packing = tape.target.packing;
    oracle::Real expected = 0;
    int labels = 0, sampled = 0;
    for (Index p = 0; p < packing.sentences(); ++p) {
      const auto b = static_cast<std::size_t>(packing.sentence(p));
      std::vector<Token> inputs;
      for (Index t = 0; t < packing.length(p); ++t) {
        inputs.push_back(tape.target.tokens[static_cast<std::size_t>(packing.column(t, p))]);
      }
      const auto alone = oracle::sentence_loss_when_fed(model, batch.sources[b], batch.targets[b], inputs, 0);
      expected += alone.loss;
      EXPECT_EQ(inputs[0], heed::symbols::bos);
      for (std::size_t t = 1; t < inputs.size(); ++t) {
        const Token label = batch.targets[b][t - 1], likeliest = alone.likeliest[t - 1];
        EXPECT_TRUE(inputs[t] == likeliest || (forcing > 0 && inputs[t] == label)) << b << ' ' << t;
        sampled += inputs[t] != label;
        labels += inputs[t] != likeliest;
      }
    }
    EXPECT_NEAR(loss, static_cast<double>(expected), 1e-12);
    EXPECT_GT(sampled, 0);
    EXPECT_EQ(labels > 0, forcing > 0);
  }
}

TEST_P(EveryModel, TiedMatchesUntiedWithSharedTable) {
  const Batch batch = heed::test::ragged_batch();
  TranslatorConfig config = GetParam();
  config.embedding = config.hidden;
  Model model = heed::test::random_model(config, vocabulary, 35);
  config.tied_embeddings = true;
  Model tied = heed::make_model<double>(config, vocabulary, vocabulary);
  EXPECT_TRUE(tied.tied());
  EXPECT_FALSE(model.tied());
  Parameters parameters = by_name(model);
  EXPECT_EQ(by_name(tied).size() + 1, parameters.size()) << "the table is named once";
  heed::for_each_parameter([&](const heed::ParameterName& name, auto& x) { x = parameters.at(name.str()); }, tied);
  model.output.W = model.target.table.transpose();

  Model::Tape tape;
  Model grad = heed::zeros_like(model), tied_grad = heed::zeros_like(tied);
  const double loss = model.loss_and_gradient(batch.sources, batch.targets, tape, grad);
  EXPECT_NEAR(tied.loss_and_gradient(batch.sources, batch.targets, tape, tied_grad), loss, 1e-12);
  grad.target.table += grad.output.W.values().transpose();
  for (const auto& [name, expected] : by_name(grad)) {
    if (name == "output.W") continue;
    EXPECT_LE(difference(by_name(tied_grad).at(name), expected), 1e-12) << name;
  }
}

TEST_P(EveryModel, SharedMatchesUntiedWithCopiedTables) {
  const Batch batch = heed::test::ragged_batch();
  const auto [shared, copied] = heed::test::shared_and_copied(GetParam(), vocabulary, 41);
  EXPECT_TRUE(shared.shared() && shared.tied());
  EXPECT_FALSE(copied.shared());
  EXPECT_EQ(&shared.source_embedding(), &shared.target);
  EXPECT_EQ(&copied.source_embedding(), &copied.source);
  EXPECT_EQ(heed::parameter_count(shared) + 2 * shared.target.table.size(), heed::parameter_count(copied));
  EXPECT_EQ(by_name(shared).size() + 2, by_name(copied).size()) << "the table is named once";

  Model::Tape tape;
  Model grad = heed::zeros_like(copied), shared_grad = heed::zeros_like(shared);
  const double loss = copied.loss_and_gradient(batch.sources, batch.targets, tape, grad);
  EXPECT_NEAR(shared.loss(batch.sources, batch.targets, tape), loss, 1e-12);
  EXPECT_NEAR(shared.loss_and_gradient(batch.sources, batch.targets, tape, shared_grad), loss, 1e-12);
  EXPECT_GT(grad.source.table.norm(), 1e-3);
  grad.target.table += grad.source.table + grad.output.W.values().transpose();
  const Parameters found = by_name(shared_grad);
  EXPECT_EQ(found.count("source.table"), 0u);
  for (const auto& [name, expected] : by_name(grad)) {
    if (name == "output.W" || name == "source.table") continue;
    EXPECT_LE(difference(found.at(name), expected), 1e-12) << name;
  }
}

TEST_P(EveryModel, ResultsDoNotDependOnBatch) {
  const Batch batch = heed::test::ragged_batch();
  const Model model = heed::test::random_model(GetParam(), vocabulary, 4);
  Model::Tape tape;
  Model together = heed::zeros_like(model), alone = heed::zeros_like(model);
  const double loss = model.loss_and_gradient(batch.sources, batch.targets, tape, together);
  double sum = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Batch one = batch.at({i});
    sum += model.loss_and_gradient(one.sources, one.targets, tape, alone);
  }
  EXPECT_NEAR(loss, sum, 1e-12);
  EXPECT_LE(part_difference(together, alone), 1e-12);
  const Batch reordered = batch.at({2, 0, 3, 1});
  EXPECT_NEAR(model.loss(reordered.sources, reordered.targets, tape), loss, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Copying, EveryModel, testing::ValuesIn(heed::test::every_copy(stacked())),
                         [](const auto& setup) { return heed::test::choices(setup.param); });
INSTANTIATE_TEST_SUITE_P(, EveryModel, testing::ValuesIn(heed::test::every_combination(stacked())),
                         [](const auto& setup) { return heed::test::choices(setup.param); });

TEST(Seq2Seq, StaticTypesMatchRunTimeTypes) {
  using Cell = heed::GruCell<double>;
  using Decoder = heed::BahdanauDecoder<Cell, heed::AdditiveScorer<double>>;
  using Static = heed::Seq2Seq<heed::Encoder<Cell>, Decoder>;
  const Model any = heed::test::random_model(stacked(), vocabulary, 6);
  Static model(
      {.source_vocabulary = vocabulary, .target_vocabulary = vocabulary},
      heed::Encoder<Cell>({.input_size = 2, .hidden_size = 4, .layers = 2, .bidirectional = true}),
      Decoder({.word_size = 2, .memory_size = 8, .hidden_size = 4, .layers = 2, .feature_size = 4}, {{4, 8, 4}, {}}));
  const Parameters parameters = by_name(any);
  EXPECT_EQ(by_name(model).size(), parameters.size());
  heed::for_each_parameter([&](const heed::ParameterName& name, auto& x) { x = parameters.at(name.str()); }, model);

  const Batch batch = heed::test::ragged_batch();
  Model::Tape tape;
  Model any_grad = heed::zeros_like(any);
  Static grad = heed::zeros_like(model);
  const double expected = any.loss_and_gradient(batch.sources, batch.targets, tape, any_grad);
  EXPECT_EQ(model.loss_and_gradient(batch.sources, batch.targets, tape, grad), expected);
  EXPECT_EQ(by_name(grad), by_name(any_grad));
}

TEST(Seq2Seq, AccumulatesGradients) {
  const Batch batch = heed::test::ragged_batch();
  const Model model = heed::test::random_model(stacked(), vocabulary, 7);
  Model::Tape tape;
  Model once = heed::zeros_like(model), twice = heed::zeros_like(model);
  model.loss_and_gradient(batch.sources, batch.targets, tape, once);
  for (int i = 0; i < 2; ++i) model.loss_and_gradient(batch.sources, batch.targets, tape, twice);
  heed::scale(once, 2.0);
  EXPECT_LE(part_difference(twice, once), 1e-13);
}

TEST(Seq2Seq, SupportsTapeOfOtherSizes) {
  const Batch batch = heed::test::ragged_batch(), longer = heed::test::copy_task(9, 4, 9, vocabulary, 8);
  Model::Tape used;
  for (const TranslatorConfig& config : heed::test::every_combination(stacked())) {
    const Model model = heed::test::random_model(config, vocabulary, 9);
    Model::Tape fresh;
    Model expected = heed::zeros_like(model), grad = heed::zeros_like(model), other = heed::zeros_like(model);
    const double loss = model.loss_and_gradient(batch.sources, batch.targets, fresh, expected);
    model.loss_and_gradient(longer.sources, longer.targets, used, other);
    EXPECT_EQ(model.loss_and_gradient(batch.sources, batch.targets, used, grad), loss);
    EXPECT_EQ(part_difference(grad, expected), 0);
  }
}

TEST(Seq2Seq, SupportsManyBlocksOfOutputLayer) {
  const Batch batch = heed::test::copy_task(40, 1, 9, vocabulary, 10);  // more columns than one block
  const Model model = heed::test::random_model(stacked(), vocabulary, 11);
  Model::Tape tape;
  double sum = 0;
  for (const double loss : losses(model, batch)) sum += loss;
  EXPECT_NEAR(model.loss(batch.sources, batch.targets, tape), sum, 1e-11);
}

TEST(Seq2Seq, DropsOutOnlyWithRandomNumbers) {
  const Batch batch = heed::test::ragged_batch();
  TranslatorConfig config = stacked();
  const Model dry = heed::test::random_model(config, vocabulary, 12);
  config.dropout = 0.4;
  const Model model = heed::test::random_model(config, vocabulary, 12);
  Model::Tape tape;
  const auto loss = [&](const Model& m, Random* random) {
    return m.loss(batch.sources, batch.targets, tape, {0, 1, random});
  };
  Random one(1), again(1), two(2);
  const double without = loss(dry, nullptr), first = loss(model, &one);
  EXPECT_EQ(loss(model, nullptr), without);
  EXPECT_NE(first, without);
  EXPECT_EQ(loss(model, &again), first);
  EXPECT_NE(loss(model, &two), first);
}

TEST_F(EveryModel, GradientsMatchDifferencesWithMemoryDropout) {
  TranslatorConfig config = stacked();
  config.memory_dropout = 0.4;
  for (const bool variational : {false, true}) {
    config.variational_dropout = variational;
    for (const char* const decoder : {"bahdanau", "luong", "conditional", "plain", "cho"}) {
      config.decoder = decoder;
      expect_gradients(heed::test::random_model(config, vocabulary, 41), 0.1, true);
    }
  }
}

TEST(Seq2Seq, MemoryDropoutScalesTheValuesInTrainingOnly) {
  const Batch batch = heed::test::ragged_batch();
  TranslatorConfig config = stacked();
  Model model = heed::test::random_model(config, vocabulary, 12);
  Model::Tape dry, dropped;
  model.encode(batch.sources, dry);
  model.memory_dropout.rate = 0.25;
  model.encode(batch.sources, dropped);
  EXPECT_EQ(dropped.memory.values, dry.memory.values);
  Random random(1);
  model.encode(batch.sources, dropped, &random);
  Index zeros = 0;
  for (Index j = 0; j < dry.memory.values.cols(); ++j) {
    for (Index i = 0; i < dry.memory.values.rows(); ++i) {
      const double value = dropped.memory.values(i, j);
      if (value == 0) {
        ++zeros;
      } else {
        EXPECT_NEAR(value, dry.memory.values(i, j) / 0.75, 1e-15);
      }
    }
  }
  const auto share = static_cast<double>(zeros) / static_cast<double>(dry.memory.values.size());
  EXPECT_NEAR(share, 0.25, 0.1);
  EXPECT_EQ(dropped.memory.summary, dry.memory.summary);
}

TEST_F(EveryModel, GradientsMatchDifferencesWithTiedEmbeddings) {
  TranslatorConfig config = flat();
  config.tied_embeddings = true;
  config.dropout = 0.3;
  for (const char* const decoder : {"bahdanau", "luong"}) {
    config.decoder = decoder;
    expect_gradients(heed::test::random_model(config, vocabulary, 37), 0.1, true);
  }
}

TEST_F(EveryModel, GradientsMatchDifferencesWithSharedEmbeddings) {
  TranslatorConfig config = flat();
  config.tied_embeddings = config.shared_embeddings = true;
  for (const char* const decoder : {"bahdanau", "luong", "conditional", "plain", "cho"}) {
    config.decoder = decoder;
    config.dropout = 0;
    expect_gradients(heed::test::random_model(config, vocabulary, 43), 0, false);
    config.dropout = 0.3;
    expect_gradients(heed::test::random_model(config, vocabulary, 43), 0.1, true);
  }
}

TEST_F(EveryModel, GradientsMatchDifferencesWithSampledTokens) {
  TranslatorConfig config = flat();
  config.dropout = 0.3;
  for (const char* const decoder : {"bahdanau", "luong", "conditional", "plain"}) {
    config.decoder = decoder;
    expect_gradients(heed::test::random_model(config, vocabulary, 31), 0, true, 0.4);
  }
}

TEST_F(EveryModel, GradientsMatchDifferencesWithVariationalDropout) {
  TranslatorConfig config = stacked();
  config.cell = "lstm";
  config.dropout = 0.3;
  config.variational_dropout = true;
  config.recurrent_dropout = 0.2;
  for (const char* const decoder : {"bahdanau", "luong", "conditional", "plain"}) {
    config.decoder = decoder;
    expect_gradients(heed::test::random_model(config, vocabulary, 39), 0, true);
  }
}

TEST(Seq2Seq, VariationalDropoutKeepsMasksOfSentence) {
  TranslatorConfig config = stacked();
  config.dropout = 0.4;
  config.variational_dropout = true;
  const Model model = heed::test::random_model(config, vocabulary, 12);
  const Batch batch = heed::test::copy_task(300, 1, 4, vocabulary, 8);  // more sentences than columns of a block
  Model::Tape tape;
  Random random(1);
  model.loss(batch.sources, batch.targets, tape, {0, 1, &random});
  const auto expect_kept = [](const auto& mask, const heed::PackedBatch& packing) {
    EXPECT_GT((mask.array() == 0).count(), 0);
    for (Index t = 1; t < packing.steps(); ++t) {
      EXPECT_EQ(mask.middleCols(packing.first(t), packing.active(t)), mask.leftCols(packing.active(t)));
    }
  };
  expect_kept(tape.source.mask, tape.source.packing);
  expect_kept(tape.encoder.layers[1].mask, tape.source.packing);
  expect_kept(tape.target.mask, tape.target.packing);
  expect_kept(tape.decoder.stack.layers[1].mask, tape.target.packing);
  expect_kept(tape.output.mask, tape.target.packing);
}

TEST(Seq2Seq, SampledTokensDependOnSeed) {
  const Batch batch = heed::test::copy_task(20, 3, 6, vocabulary, 8);
  const Model model = heed::test::random_model(flat(), vocabulary, 12);
  Model::Tape tape;
  const auto inputs = [&](double forcing, heed::SampledToken mode, std::uint64_t seed) {
    Random random(seed);
    heed::LossOptions<double> options;
    options.random = &random;
    options.teacher_forcing = forcing;
    options.sampled_token = mode;
    model.loss(batch.sources, batch.targets, tape, options);
    return tape.target.tokens;
  };
  const auto likeliest = heed::SampledToken::argmax, drawn = heed::SampledToken::sample;
  EXPECT_EQ(inputs(0.5, drawn, 1), inputs(0.5, drawn, 1));
  EXPECT_NE(inputs(0.5, drawn, 1), inputs(0.5, drawn, 2));
  EXPECT_NE(inputs(0.5, likeliest, 1), inputs(0.5, likeliest, 2));
  EXPECT_EQ(inputs(0, likeliest, 1), inputs(0, likeliest, 2));
  EXPECT_NE(inputs(0, drawn, 1), inputs(0, likeliest, 1));
  EXPECT_EQ(inputs(1, drawn, 1), inputs(1, likeliest, 2));
}

TEST(Seq2Seq, RejectsIncompatibleOptions) {
  const Model model = heed::test::random_model(flat(), vocabulary, 13);
  const Batch batch = heed::test::ragged_batch();
  Model::Tape tape;
  Random random(1);
  const auto message = [&](double forcing, Random* numbers) {
    heed::LossOptions<double> options;
    options.teacher_forcing = forcing;
    options.random = numbers;
    return refusal([&] { model.loss(batch.sources, batch.targets, tape, options); });
  };
  EXPECT_EQ(message(1, nullptr), "accepted");
  EXPECT_EQ(message(0.5, nullptr),
            "Seq2Seq: teacher_forcing must be in [0, 1], and below 1 it needs a random number generator, got 0.500000 "
            "without a generator");
  EXPECT_EQ(message(1.5, &random),
            "Seq2Seq: teacher_forcing must be in [0, 1], and below 1 it needs a random number generator, got 1.500000");
  EXPECT_NE(message(-0.5, &random), "accepted");
  EXPECT_NE(message(std::numeric_limits<double>::quiet_NaN(), &random), "accepted");
  EXPECT_EQ(refusal([&] {
              Model({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary, .tied_embeddings = true},
                    model.encoder, model.decoder);
            }),
            "Seq2Seq: with tied embeddings the decoder's feature size must be its word size, 2, got 4");
}

TEST(Seq2Seq, RejectsSharedEmbeddingsOfOtherSizes) {
  using Encoder = heed::Encoder<heed::GruCell<double>>;
  using Decoder = heed::PlainDecoder<heed::GruCell<double>>;
  const Decoder decoder({.word_size = 2, .memory_size = 4, .hidden_size = 4, .feature_size = 2});
  const auto message = [&](Index source_vocabulary, bool tied, Index source_size) {
    return refusal([&] {
      heed::Seq2Seq({.source_vocabulary = source_vocabulary,
                     .target_vocabulary = 5,
                     .tied_embeddings = tied,
                     .shared_embeddings = true},
                    Encoder({.input_size = source_size, .hidden_size = 4}), decoder);
    });
  };
  EXPECT_EQ(message(5, true, 2), "accepted");
  EXPECT_EQ(message(5, false, 2), "Seq2Seq: with shared embeddings tied_embeddings must be true, got false");
  EXPECT_EQ(message(6, true, 2),
            "Seq2Seq: with shared embeddings the source vocabulary must have the size of the target vocabulary, 5, got "
            "6");
  EXPECT_EQ(message(5, true, 3),
            "Seq2Seq: with shared embeddings the encoder's input size must be the decoder's word size, 2, got 3");
}

TEST(Seq2Seq, SharedEmbeddingsRejectTokensOutsideTheVocabulary) {
  TranslatorConfig config = flat();
  config.tied_embeddings = config.shared_embeddings = true;
  const Model model = heed::test::random_model(config, vocabulary, 13);
  Batch batch;
  batch.add({3, 5}, {3});
  Model::Tape tape;
  EXPECT_EQ(refusal([&] { model.loss(batch.sources, batch.targets, tape); }), refusal([&] {
              heed::test::random_model(flat(), vocabulary, 13).loss(batch.sources, batch.targets, tape);
            }));
  EXPECT_NE(refusal([&] { model.loss(batch.sources, batch.targets, tape); }), "accepted");
}

TEST(Seq2Seq, RejectsInvalidBatches) {
  const Model model = heed::test::random_model(stacked(), vocabulary, 13);
  Model::Tape tape;
  Model grad = heed::zeros_like(model);
  const auto message = [&](const std::vector<Token>& source, const std::vector<Token>& target) {
    Batch batch;
    batch.add({3}, {3});
    batch.add(source, target);
    return refusal([&] { model.loss_and_gradient(batch.sources, batch.targets, tape, grad); });
  };
  EXPECT_EQ(message({}, {3}), "PackedBatch: sentence 1 of the batch is empty");
  EXPECT_EQ(message({3, 5}, {3}), "Seq2Seq.encode: token 5 of source 1 is outside the vocabulary of 5");
  EXPECT_EQ(message({3, -1}, {3}), "Seq2Seq.encode: token -1 of source 1 is outside the vocabulary of 5");
  EXPECT_EQ(message({3}, {12}), "Seq2Seq.forward: token 12 of target 1 is outside the vocabulary of 5");
  EXPECT_EQ(message({3}, {-2, 4}), "Seq2Seq.forward: token -2 of target 1 is outside the vocabulary of 5");
  EXPECT_EQ(message({3}, {1, 4}),
            "Seq2Seq.forward: target 1 must not contain token 1 (bos): heed adds bos and eos itself");
  EXPECT_EQ(message({3}, {4, 2}),
            "Seq2Seq.forward: target 1 must not contain token 2 (eos): heed adds bos and eos itself");
  Batch batch = heed::test::ragged_batch();
  batch.targets.pop_back();
  EXPECT_EQ(refusal([&] { model.loss(batch.sources, batch.targets, tape); }),
            "Seq2Seq: there must be one target per source, got 4 sources and 3 targets");
  EXPECT_EQ(heed::squared_norm(grad), 0);
}

}  // namespace seq2seq_test
