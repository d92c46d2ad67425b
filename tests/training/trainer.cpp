#include <heed/training/trainer.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"
#include "support/translations.hpp"

#include <heed/cells/gru.hpp>
#include <heed/models/sentence_classifier.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <string>

namespace trainer_test {

using heed::Index;
using heed::Random;
using heed::TrainerOptions;
using heed::TranslatorConfig;
using heed::test::Batch;

using Model = heed::TranslationModel<double>;

constexpr Index vocabulary = 7;

TranslatorConfig small() {
  TranslatorConfig config;
  config.hidden = 8;
  config.embedding = 5;
  return config;
}

Batch task() { return heed::test::copy_task(9, 1, 5, vocabulary, 1); }

/// A model after five updates.
struct Trained {
  Model model;
  double loss = 0;  ///< of the last update

  explicit Trained(const TrainerOptions& options, const TranslatorConfig& config = small(), std::uint64_t first = 0)
      : model(heed::test::fresh_model(config, vocabulary, 2)) {
    const Batch batch = task();
    heed::Trainer<Model> trainer(model, heed::Adam<Model>(model, 0.05), options);
    for (std::uint64_t i = 0; i < 5; ++i) loss = trainer.update(batch.sources, batch.targets, first + i).loss;
  }
};

TEST(Trainer, IsDeterministic) {
  TranslatorConfig config = small();
  config.dropout = 0.2;
  for (const int threads : {1, 2, 3}) {
    TrainerOptions options;
    options.threads = threads;
    const Trained once(options, config), again(options, config);
    EXPECT_EQ(once.loss, again.loss);
    EXPECT_EQ(part_difference(once.model, again.model), 0);
  }
}

TEST(Trainer, ResultsDoNotDependOnThreads) {
  const Trained one({});
  for (const int threads : {2, 3, 12}) {  // 12 is more than the number of sentences
    TrainerOptions options;
    options.threads = threads;
    const Trained several(options);
    EXPECT_NEAR(several.loss, one.loss, 1e-9);
    EXPECT_LE(part_difference(several.model, one.model), 1e-9);
  }
}

TEST(Trainer, UpdateUsesMeanLossPerToken) {
  const Batch batch = task();
  Model model = heed::test::fresh_model(small(), vocabulary, 2);
  const Model before = model;
  heed::Trainer<Model, heed::Sgd<Model>> trainer(model, heed::Sgd<Model>(model, 0.1), {1, 0, 0, 1});
  const auto update = trainer.update(batch.sources, batch.targets, 0);
  Index words = 0;
  for (const auto& target : batch.targets) words += static_cast<Index>(target.size()) + 1;
  Model::Tape tape;
  Model expected = before, grad = heed::zeros_like(before);
  const double scale = 1 / static_cast<double>(words);
  EXPECT_NEAR(update.loss, before.loss_and_gradient(batch.sources, batch.targets, tape, grad, {0, scale, nullptr}),
              1e-12);
  EXPECT_EQ(update.words, words);
  EXPECT_NEAR(update.gradient_norm, std::sqrt(heed::squared_norm(grad)), 1e-14);
  heed::scale(grad, -0.1);
  heed::add(grad, expected);
  EXPECT_LE(part_difference(model, expected), 1e-15);
}

TEST(Trainer, AccumulatesGradientsOverBatches) {
  const Batch whole = task(), first = whole.at({0, 3, 5}), second = whole.at({1, 2, 4, 6, 7}), third = whole.at({8});
  using SgdTrainer = heed::Trainer<Model, heed::Sgd<Model>>;
  const std::vector<SgdTrainer::Batch> batches{
      {first.sources, first.targets}, {second.sources, second.targets}, {third.sources, third.targets}};
  for (const int threads : {1, 2}) {
    TrainerOptions options;
    options.threads = threads;
    Model one = heed::test::fresh_model(small(), vocabulary, 2), several = one;
    SgdTrainer at_once(one, heed::Sgd<Model>(one, 0.5), options),
        in_parts(several, heed::Sgd<Model>(several, 0.5), options);
    for (std::uint64_t i = 0; i < 2; ++i) {
      const auto expected = at_once.update(whole.sources, whole.targets, i), found = in_parts.update(batches, i);
      EXPECT_NEAR(found.loss, expected.loss, 1e-12);
      EXPECT_EQ(found.words, expected.words);
      EXPECT_NEAR(found.gradient_norm, expected.gradient_norm, 1e-14);
    }
    EXPECT_LE(part_difference(several, one), 1e-14);
    EXPECT_GT(part_difference(several, heed::test::fresh_model(small(), vocabulary, 2)), 1e-3);
  }
}

TEST(Trainer, DrawsNewDropoutMasksForEachBatch) {
  TranslatorConfig config = small();
  config.dropout = 0.3;
  const Batch batch = task();
  const heed::Trainer<Model>::Batch once{batch.sources, batch.targets};
  const auto trained = [&](const std::vector<heed::Trainer<Model>::Batch>& batches) {
    Model model = heed::test::fresh_model(config, vocabulary, 2);
    heed::Trainer<Model> trainer(model, heed::Adam<Model>(model, 0.05), {});
    trainer.update(batches, 0);
    return model;
  };
  const Model twice = trained({once, once});
  EXPECT_GT(part_difference(twice, trained({once})), 1e-6) << "with the same masks the mean would be the same";
  EXPECT_EQ(part_difference(twice, trained({once, once})), 0);
}

TEST(Trainer, SupportsScheduledSampling) {
  const Batch batch = task();
  const auto trained = [&](double forcing, heed::SampledToken token, std::uint64_t seed, int threads) {
    Model model = heed::test::fresh_model(small(), vocabulary, 2);
    TrainerOptions options;
    options.threads = threads;
    options.seed = seed;
    options.sampled_token = token;
    heed::Trainer<Model> trainer(model, heed::Adam<Model>(model, 0.05), options);
    for (std::uint64_t i = 0; i < 3; ++i) {
      trainer.teacher_forcing = i == 0 ? 1 : forcing;  // as a schedule does
      trainer.update(batch.sources, batch.targets, i);
    }
    return model;
  };
  const auto argmax = heed::SampledToken::argmax, drawn = heed::SampledToken::sample;
  const Model plain = trained(1, argmax, 1, 1), sampled = trained(0.5, argmax, 1, 1);
  EXPECT_GT(part_difference(sampled, plain), 1e-6);
  EXPECT_GT(part_difference(trained(0.5, argmax, 2, 1), sampled), 1e-6) << "seed";
  EXPECT_GT(part_difference(trained(0.5, drawn, 1, 1), sampled), 1e-6);
  for (const int threads : {1, 3}) {
    EXPECT_EQ(part_difference(trained(0.5, drawn, 1, threads), trained(0.5, drawn, 1, threads)), 0);
  }
}

TEST(Trainer, SupportsClassifiers) {
  using Classifier = heed::SentenceClassifier<heed::Encoder<heed::GruCell<double>>>;
  Classifier model({.vocabulary = 5, .alignment_size = 2, .classes = 3},
                   heed::Encoder<heed::GruCell<double>>({.input_size = 2, .hidden_size = 3, .bidirectional = true}));
  Random random(23);
  randomize(model, random);
  const std::vector<std::vector<heed::Token>> words{{3, 4, 0}, {4}, {3, 3, 4, 0, 2}, {0, 4, 3}};
  const std::vector<std::span<const heed::Token>> sentences(words.begin(), words.end());
  const std::vector<heed::Token> labels{2, 0, 1, 2};
  Classifier expected = model, grad = heed::zeros_like(model);
  Classifier::Tape tape;
  const double loss = model.loss_and_gradient(sentences, labels, tape, grad);
  heed::for_each_parameter([](const heed::ParameterName&, auto& x, const auto& d) { x -= 0.1 / 4 * d; }, expected,
                           grad);
  heed::Trainer<Classifier, heed::Sgd<Classifier>> trainer(model, heed::Sgd<Classifier>(model, 0.1),
                                                           {.threads = 3, .clip = 0});
  const auto update = trainer.update(sentences, labels, 0);
  EXPECT_NEAR(update.loss, loss, 1e-12);
  EXPECT_EQ(update.words, 4);
  EXPECT_LE(part_difference(model, expected), 1e-12);
}

TEST(Trainer, ReducesTheLossOfEveryDecoder) {
  for (const TranslatorConfig& config : heed::test::every_combination(small())) {
    Model model = heed::test::fresh_model(config, vocabulary, 3);
    heed::Trainer<Model> trainer(model, heed::Adam<Model>(model, 0.02), {});
    const Batch batch = task();
    const double first = trainer.update(batch.sources, batch.targets, 0).loss;
    double last = first;
    for (std::uint64_t i = 1; i < 40; ++i) last = trainer.update(batch.sources, batch.targets, i).loss;
    EXPECT_LT(last, 0.5 * first) << heed::test::choices(config);
  }
}

TEST(Trainer, EveryOptionChangesTheResult) {
  const Trained plain({});
  TranslatorConfig dropping = small();
  dropping.dropout = 0.3;
  const Trained dropped({}, dropping);
  const auto differs = [](const Trained& a, const Trained& b) { return part_difference(a.model, b.model) > 1e-6; };
  EXPECT_TRUE(differs(Trained({1, 0.01, 0, 1}), plain)) << "clip";
  EXPECT_TRUE(differs(Trained({1, 5, 0.1, 1}), plain)) << "label smoothing";
  EXPECT_TRUE(differs(dropped, plain)) << "dropout";
  EXPECT_TRUE(differs(Trained({1, 5, 0, 2}, dropping), dropped)) << "seed";
  EXPECT_TRUE(differs(Trained({}, dropping, 100), dropped)) << "index of the update";
  EXPECT_TRUE(differs(Trained({.coverage = 1}), plain)) << "coverage";
  EXPECT_TRUE(differs(Trained({.doubly_stochastic = 1}), plain)) << "doubly stochastic";
  EXPECT_FALSE(differs(Trained({1, 5, 0, 2}), plain)) << "the seed affects only the dropout masks";
}

TEST(Trainer, GuidedAlignmentTrainsTheWeights) {
  const Batch batch = task();
  std::vector<heed::Links> reversed(batch.size());  // far from the alignment that the task needs
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Index words = std::ssize(batch.sources[i]);
    for (Index j = 0; j < words; ++j) reversed[i].push_back({words - 1 - j, j});
  }
  const auto trained = [&](double weight, int threads) {
    Model model = heed::test::fresh_model(small(), vocabulary, 2);
    heed::Trainer<Model> trainer(model, heed::Adam<Model>(model, 0.05),
                                 {.threads = threads, .guided_alignment = weight});
    const heed::Trainer<Model>::Batch linked{batch.sources, batch.targets, reversed};
    for (std::uint64_t i = 0; i < 60; ++i) trainer.update(std::span(&linked, 1), i);
    return model;
  };
  const Model guided = trained(1, 1), free = trained(0, 1);
  heed::Seq2SeqTape<double> tape;
  const auto error = [&](const Model& model) {
    return model.loss(batch.sources, batch.targets, tape, {.guided_alignment = 1, .links = reversed}) -
           model.loss(batch.sources, batch.targets, tape);
  };
  EXPECT_LT(error(guided), 0.3 * error(free));
  EXPECT_LE(part_difference(trained(1, 3), guided), 1e-9);
  EXPECT_EQ(refusal([&] {
              Model model = free;
              heed::Trainer<Model>(model, heed::Adam<Model>(model), {.guided_alignment = 1})
                  .update(batch.sources, batch.targets, 0);
            }),
            "Trainer: guided_alignment needs the links of every pair, got those of 0 pairs for 9 sources");
}

TEST(Trainer, ClipsGradientAndReportsNormBeforeClipping) {
  const Batch batch = task();
  Model model = heed::test::fresh_model(small(), vocabulary, 2);
  const Model before = model;
  heed::Trainer<Model, heed::Sgd<Model>> trainer(model, heed::Sgd<Model>(model, 1), {1, 0.01, 0, 1});
  const double norm = trainer.update(batch.sources, batch.targets, 0).gradient_norm;
  EXPECT_GT(norm, 0.02);
  Model step = before;
  heed::scale(step, -1.0);
  heed::add(model, step);
  EXPECT_NEAR(std::sqrt(heed::squared_norm(step)), 0.01, 1e-6);
}

TEST(Trainer, NonFiniteLossLeavesModelAndOptimizerUnchanged) {
  const Batch batch = task();
  for (const int threads : {1, 3}) {
    Model model = heed::test::fresh_model(small(), vocabulary, 2);
    TrainerOptions options;
    options.threads = threads;
    heed::Trainer<Model> trainer(model, heed::Adam<Model>(model), options);
    trainer.update(batch.sources, batch.targets, 0);
    const double kept = model.output.b(3);
    const Model first = trainer.optimizer.first, second = trainer.optimizer.second;
    model.output.b(3) = std::numeric_limits<double>::quiet_NaN();
    Model before = model;
    EXPECT_EQ(refusal([&] { trainer.update(batch.sources, batch.targets, 1); }).substr(0, 22),
              "the loss is not finite");
    EXPECT_TRUE(std::isnan(model.output.b(3)));
    model.output.b(3) = before.output.b(3) = kept;
    EXPECT_EQ(part_difference(model, before), 0);
    EXPECT_EQ(part_difference(trainer.optimizer.first, first), 0);
    EXPECT_EQ(part_difference(trainer.optimizer.second, second), 0);
    EXPECT_EQ(trainer.optimizer.updates, 1);
    trainer.update(batch.sources, batch.targets, 1);  // training continues as if the failed update had not been made
    Model other = heed::test::fresh_model(small(), vocabulary, 2);
    heed::Trainer<Model> undisturbed(other, heed::Adam<Model>(other), options);
    for (const std::uint64_t number : {0u, 1u}) undisturbed.update(batch.sources, batch.targets, number);
    EXPECT_EQ(part_difference(model, other), 0);
  }
}

TEST(Trainer, NonFiniteGradientLeavesModelAndOptimizerUnchanged) {
  const Batch batch = task();
  Model model = heed::test::fresh_model(small(), vocabulary, 2);
  heed::Trainer<Model> trainer(model, heed::Adam<Model>(model), {});
  // The scores differ so much that the loss is finite and the gradient is not.
  model.output.W.edit().setConstant(1e200);
  model.output.W.edit().row(3).setConstant(-1e200);
  model.output.b.setZero();
  const Model before = model;
  const std::string message = refusal([&] { trainer.update(batch.sources, batch.targets, 0); });
  EXPECT_EQ(message.substr(0, 26), "the gradient is not finite");
  EXPECT_EQ(part_difference(model, before), 0);
  EXPECT_EQ(trainer.optimizer.updates, 0);
}

TEST(Trainer, RethrowsErrorsOfThreads) {
  Batch batch = task();
  batch.add({3, 12}, {3});
  for (const int threads : {1, 3}) {
    Model model = heed::test::fresh_model(small(), vocabulary, 2);
    TrainerOptions options;
    options.threads = threads;
    heed::Trainer<Model> trainer(model, heed::Adam<Model>(model), options);
    const std::string message = refusal([&] { trainer.update(batch.sources, batch.targets, 0); });
    EXPECT_EQ(message.substr(0, 34), "Seq2Seq.encode: token 12 of source");
    EXPECT_NE(message.find("is outside the vocabulary of 7"), std::string::npos) << message;
  }
}

TEST(Trainer, RejectsInvalidOptionsAndBatches) {
  Model model = heed::test::fresh_model(small(), vocabulary, 2);
  const auto error_of = [&](const TrainerOptions& options) {
    return refusal([&] { heed::Trainer<Model>(model, heed::Adam<Model>(model), options); });
  };
  EXPECT_EQ(error_of({}), "accepted");
  EXPECT_EQ(error_of({0, 5, 0, 1}), "ThreadPool: size must be at least 1, got 0");
  EXPECT_EQ(error_of({1, -1, 0, 1}), "Trainer: the clip norm must be finite and 0 or more, got -1");
  EXPECT_EQ(error_of({1, 5, 1, 1}), "Trainer: the label smoothing must be in [0, 1), got 1");
  EXPECT_EQ(error_of({1, 5, -0.1, 1}), "Trainer: the label smoothing must be in [0, 1), got -0.1");
  EXPECT_EQ(error_of({.guided_alignment = -1}),
            "Trainer: the weight of the guided alignment loss must be finite and 0 or more, got -1");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(error_of({1, nan, 0, 1}), "accepted");
  EXPECT_NE(error_of({1, 5, nan, 1}), "accepted");

  heed::Trainer<Model> trainer(model, heed::Adam<Model>(model), {});
  Batch batch = task();
  EXPECT_EQ(refusal([&] { trainer.update(std::vector<heed::Trainer<Model>::Batch>(), 0); }),
            "Trainer: an update needs at least one batch");
  trainer.teacher_forcing = 2;
  EXPECT_EQ(refusal([&] { trainer.update(batch.sources, batch.targets, 0); }).substr(0, 42),
            "Seq2Seq: teacher_forcing must be in [0, 1]");
  EXPECT_EQ(refusal([&] { trainer.update({}, {}, 0); }),
            "Trainer: a batch must have at least one source and one target per source, got 0 sources and 0 targets");
  batch.targets.pop_back();
  EXPECT_EQ(refusal([&] { trainer.update(batch.sources, batch.targets, 0); }),
            "Trainer: a batch must have at least one source and one target per source, got 9 sources and 8 targets");
}

/// A model that contains a part without a default constructor.
struct ModelWithoutDefault : Model {
  explicit ModelWithoutDefault(const Model& model) : Model(model) {}
};

TEST(Trainer, NeedsNoDefaultConstructor) {
  const Batch batch = task();
  ModelWithoutDefault model(heed::test::fresh_model(small(), vocabulary, 2));
  heed::Trainer<ModelWithoutDefault> trainer(model, heed::Adam<ModelWithoutDefault>(model, 0.05), {.threads = 2});
  double loss = 0;
  for (std::uint64_t i = 0; i < 5; ++i) loss = trainer.update(batch.sources, batch.targets, i).loss;
  EXPECT_EQ(loss, Trained({.threads = 2}).loss);
}

}  // namespace trainer_test
