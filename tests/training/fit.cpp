#include <heed/training/fit.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"
#include "support/translations.hpp"

#include <heed/cells/gru.hpp>
#include <heed/models/sentence_classifier.hpp>

#include <gtest/gtest.h>

namespace fit_test {

using heed::FitEpoch;
using heed::FitOptions;
using heed::Index;
using heed::Token;
using heed::test::Batch;

using Model = heed::TranslationModel<double>;

constexpr Index vocabulary = 7;

Model fresh_model() {
  heed::TranslatorConfig config;
  config.hidden = 8;
  config.embedding = 5;
  return heed::test::fresh_model(config, vocabulary, 2);
}

Batch task(std::uint64_t seed) { return heed::test::copy_task(12, 1, 4, vocabulary, seed); }

/// A validation set that training makes worse: its targets have other words than the sources.
Batch unrelated() {
  const Batch sources = task(5), targets = task(6);
  Batch batch;
  for (std::size_t i = 0; i < sources.sources.size(); ++i) {
    batch.add({sources.sources[i].begin(), sources.sources[i].end()},
              {targets.targets[i].begin(), targets.targets[i].end()});
  }
  return batch;
}

TEST(Fit, LowersTheLossAndReportsEveryEpoch) {
  const Batch training = task(1), validation = task(2);
  Model model = fresh_model();
  std::vector<int> reported;
  const auto epochs = heed::fit(model, {training.sources, training.targets}, {validation.sources, validation.targets},
                                {.epochs = 4, .batch_size = 5, .learning_rate = 0.02}, [&](const FitEpoch& epoch) {
                                  reported.push_back(epoch.number);
                                  return true;
                                });
  ASSERT_EQ(epochs.size(), 4u);
  EXPECT_EQ(reported, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_LT(epochs.back().loss, epochs.front().loss);
  EXPECT_LT(epochs.back().validation_loss, epochs.front().validation_loss);
}

TEST(Fit, TrainsWithWordLinks) {
  const Batch training = task(1);
  std::vector<heed::Links> links(training.size());
  for (std::size_t i = 0; i < links.size(); ++i) links[i] = {{std::ssize(training.sources[i]) - 1, 0}};
  const auto loss = [&](double weight, std::span<const heed::Links> given) {
    Model model = fresh_model();
    const FitOptions options{.epochs = 1, .trainer = {.guided_alignment = weight}};
    return heed::fit(model, {training.sources, training.targets, given}, {}, options).back().loss;
  };
  EXPECT_GT(loss(1, links), loss(0, links) + 1e-3);
  EXPECT_EQ(loss(0, links), loss(0, {}));
  EXPECT_EQ(refusal([&] { loss(1, std::span(links).first(2)); }),
            "fit: there must be links for every source or for none, got 2 lists of links for 12 sources");
}

TEST(Fit, KeepsTheBestModelAndStopsAfterPatience) {
  const Batch training = task(1), validation = unrelated();
  Model model = fresh_model();
  const auto epochs = heed::fit(model, {training.sources, training.targets}, {validation.sources, validation.targets},
                                {.epochs = 100, .batch_size = 4, .learning_rate = 0.1, .patience = 2});
  ASSERT_LT(epochs.size(), 100u);
  ASSERT_GE(epochs.size(), 3u);
  const auto best = std::min_element(epochs.begin(), epochs.end(), [](const FitEpoch& a, const FitEpoch& b) {
    return a.validation_loss < b.validation_loss;
  });
  EXPECT_EQ(best - epochs.begin(), std::ssize(epochs) - 3);
  EXPECT_TRUE(best->best);
  EXPECT_FALSE(epochs.back().best);
  EXPECT_EQ(heed::mean_loss(model, {validation.sources, validation.targets}, 4), best->validation_loss);
}

TEST(Fit, StopsIfTheCallbackReturnsFalse) {
  const Batch training = task(1);
  Model model = fresh_model();
  const auto epochs = heed::fit(model, {training.sources, training.targets}, {}, {.epochs = 9},
                                [](const FitEpoch& epoch) { return epoch.number < 2; });
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_TRUE(std::isnan(epochs[0].validation_loss));
  EXPECT_TRUE(epochs[0].best);
}

TEST(Fit, IsReproducibleAndDependsOnTheSeed) {
  const Batch training = task(1);
  const auto trained = [&](std::uint64_t seed) {
    Model model = fresh_model();
    FitOptions options{.epochs = 2, .batch_size = 4};
    options.trainer.seed = seed;
    heed::fit(model, {training.sources, training.targets}, {}, options);
    return model;
  };
  EXPECT_EQ(part_difference(trained(1), trained(1)), 0);
  EXPECT_GT(part_difference(trained(1), trained(2)), 0);
}

TEST(Fit, AcceptsVectorsOfTokens) {
  const Batch training = task(1);
  std::vector<std::vector<Token>> sources, targets;
  for (const auto& source : training.sources) sources.emplace_back(source.begin(), source.end());
  for (const auto& target : training.targets) targets.emplace_back(target.begin(), target.end());
  Model views = fresh_model(), vectors = fresh_model();
  heed::fit(views, {training.sources, training.targets}, {}, {.epochs = 2});
  heed::fit(vectors, {sources, targets}, {}, {.epochs = 2});
  EXPECT_EQ(part_difference(views, vectors), 0);
}

TEST(Fit, TrainsAClassifier) {
  using Encoder = heed::Encoder<heed::GruCell<double>>;
  heed::SentenceClassifier model({.vocabulary = vocabulary, .alignment_size = 3, .classes = 2},
                                 Encoder({.input_size = 4, .hidden_size = 6}));
  heed::Random random(1);
  heed::initialize(model, random);
  const std::vector<std::vector<Token>> sentences = {{3, 4}, {4, 3, 4}, {5}, {6, 5}, {3}, {5, 5}};
  const std::vector<Token> labels = {0, 0, 1, 1, 0, 1};
  const auto epochs = heed::fit(model, {sentences, labels}, {sentences, labels}, {.epochs = 30, .learning_rate = 0.05});
  EXPECT_LT(epochs.back().validation_loss, 0.1);
}

TEST(Fit, RejectsInvalidOptions) {
  const Batch training = task(1);
  Model model = fresh_model();
  const auto message = [&](const FitOptions& options) {
    return refusal([&] { heed::fit(model, {training.sources, training.targets}, {}, options); });
  };
  EXPECT_EQ(message({.epochs = 0}), "fit: epochs must be at least 1, got 0");
  EXPECT_EQ(message({.batch_size = 0}), "fit: batch_size must be at least 1, got 0");
  EXPECT_EQ(message({.patience = -1}), "fit: patience must be at least 0, got -1");
  EXPECT_EQ(message({.patience = 1}), "fit: patience needs validation data");
  EXPECT_EQ(refusal([&] {
              heed::fit(model, {}, {training.sources, training.targets});
            }),
            "fit: there are no training data");
}

TEST(MeanLoss, IsTheLossPerWordForAnyNumberOfThreadsAndBatchSize) {
  const Batch data = task(3);
  const Model model = fresh_model();
  Model::Tape tape;
  double words = 0;
  for (const auto& target : data.targets) words += static_cast<double>(target.size()) + 1;
  const double expected = static_cast<double>(model.loss(data.sources, data.targets, tape)) / words;
  for (const int threads : {1, 3}) {
    EXPECT_EQ(heed::mean_loss(model, {data.sources, data.targets}, 5, threads),
              heed::mean_loss(model, {data.sources, data.targets}, 5));
  }
  for (const Index batch : {1, 5, 12, 100}) {
    EXPECT_NEAR(heed::mean_loss(model, {data.sources, data.targets}, batch), expected, 1e-12);
  }
}

TEST(MeanLoss, ComputesTheGivenBatches) {
  const Batch data = task(3);
  const Model model = fresh_model();
  const double expected = heed::mean_loss(model, {data.sources, data.targets});
  std::vector<std::vector<Index>> batches(3);
  for (Index i = 0; i < std::ssize(data.sources); ++i) batches[static_cast<std::size_t>(i % 3)].push_back(i);
  const auto loss = [&] { return heed::mean_loss(model, {data.sources, data.targets}, batches); };
  EXPECT_NEAR(loss(), expected, 1e-12);
  batches[2].push_back(4);
  EXPECT_EQ(refusal(loss), "mean_loss: item 4 must be in one batch, it is in 2");
  batches[2].back() = -1;
  EXPECT_EQ(refusal(loss), "mean_loss: there is no item -1 of " + std::to_string(data.sources.size()));
  batches[2].pop_back();
  batches[0].erase(batches[0].begin());
  EXPECT_EQ(refusal(loss), "mean_loss: item 0 must be in one batch, it is in 0");
}

TEST(MeanLoss, RejectsEmptyData) {
  const Model model = fresh_model();
  EXPECT_EQ(refusal([&] { heed::mean_loss(model, {}); }),
            "mean_loss: expected as many sources as targets and at least one, got 0 and 0");
}

}  // namespace fit_test
