#include <heed/search/ensemble.hpp>

#include <heed/search/sampling.hpp>
#include <heed/search/scoring.hpp>

#include "support/refusal.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace ensemble_test {

using heed::Index;
using heed::SearchOptions;
using heed::Token;
using heed::TranslatorConfig;

using Model = heed::TranslationModel<double>;
using Ensemble = heed::Ensemble<Model>;

constexpr Index vocabulary = 6;

/// A model with Bahdanau's decoder, one with Luong's decoder, and one without attention.
std::vector<Model> models() {
  std::vector<Model> all;
  TranslatorConfig config;
  config.hidden = 6;
  config.embedding = 4;
  all.push_back(heed::test::random_model(config, vocabulary, 1, 1.0));
  config.decoder = "luong";
  config.cell = "lstm";
  config.layers = 2;
  config.hidden = 8;
  all.push_back(heed::test::random_model(config, vocabulary, 2, 1.0));
  config.decoder = "plain";
  all.push_back(heed::test::random_model(config, vocabulary, 3, 1.0));
  return all;
}

const std::vector<std::vector<Token>> sources = {{3, 4, 5, 3}, {4}, {5, 5}};
const SearchOptions n_best{.beam = 4, .maximum_length = 6, .best = 3, .keep_weights = true};

/// The log-probability of each word of a target, eos included.
std::vector<double> scores(const Model& model, std::size_t source, const std::vector<Token>& target) {
  heed::Seq2SeqTape<double> tape;
  std::vector<heed::PairScore> found;
  const std::vector<std::vector<Token>> one_source(1, sources[source]), one_target(1, target);
  heed::score_pairs(model, one_source, one_target, tape, found);
  return found[0].words;
}

TEST(Ensemble, HypothesesHaveTheMeanProbability) {
  const auto all = models();
  const Ensemble ensemble({&all[0], &all[1], &all[2]});
  const auto found = heed::search(ensemble, sources, n_best);
  int complete = 0;
  for (std::size_t b = 0; b < sources.size(); ++b) {
    EXPECT_GE(found[b].size(), 1u);
    for (const auto& hypothesis : found[b]) {
      std::vector<std::vector<double>> of_models;
      for (const Model& model : all) of_models.push_back(scores(model, b, hypothesis.tokens));
      double expected = 0;
      for (std::size_t t = 0; t < hypothesis.tokens.size() + (hypothesis.complete ? 1 : 0); ++t) {
        double mean = 0;
        for (const auto& model : of_models) mean += std::exp(model[t]) / 3;
        expected += std::log(mean);
      }
      EXPECT_NEAR(hypothesis.log_probability, expected, 1e-10);
      complete += hypothesis.complete;
    }
  }
  EXPECT_GT(complete, 0);
}

TEST(Ensemble, BestHypothesisDependsOnAllModels) {
  const auto all = models();
  const auto together = heed::search(Ensemble({&all[0], &all[1]}), sources, n_best);
  const auto first = heed::search(all[0], sources, n_best), second = heed::search(all[1], sources, n_best);
  int different = 0;
  for (std::size_t b = 0; b < sources.size(); ++b) {
    different += together[b][0].tokens != first[b][0].tokens || together[b][0].tokens != second[b][0].tokens;
  }
  EXPECT_GT(different, 0);
}

TEST(Ensemble, OneModelOrCopiesOfItMatchTheModel) {
  const auto all = models();
  const auto expected = heed::search(all[0], sources, n_best);
  for (const auto& members : {std::vector{&all[0]}, std::vector{&all[0], &all[0]}}) {
    const auto found = heed::search(Ensemble(members), sources, n_best);
    for (std::size_t b = 0; b < sources.size(); ++b) {
      ASSERT_EQ(found[b].size(), expected[b].size());
      for (std::size_t k = 0; k < found[b].size(); ++k) {
        EXPECT_EQ(found[b][k].tokens, expected[b][k].tokens);
        EXPECT_NEAR(found[b][k].score, expected[b][k].score, 1e-12);
        EXPECT_LE((found[b][k].weights - expected[b][k].weights).cwiseAbs().maxCoeff(), 1e-15);
      }
    }
  }
}

TEST(Ensemble, AveragesTheWeightsOfModelsWithAttention) {
  const auto all = models();
  const std::vector<std::vector<Token>> prefixes(3, {3, 5, 4});
  SearchOptions options{.keep_weights = true};
  options.prefixes = prefixes;
  options.maximum_length = 4;
  const auto with = [&](const std::vector<const Model*>& members) {
    return heed::search(Ensemble(members), sources, options)[0][0].weights.leftCols(3).eval();
  };
  const auto first = with({&all[0]}), second = with({&all[1]}), mean = with({&all[0], &all[1], &all[2]});
  EXPECT_LE((mean - (first + second) / 2).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_EQ(heed::search(Ensemble({&all[2], &all[0]}), sources, options)[0][0].weights.rows(), 0)
      << "the first model has no attention";
}

TEST(Ensemble, WorkspaceCanBeReused) {
  const auto all = models();
  heed::SearchWorkspace<double> work;
  heed::Hypotheses<double> found;
  const auto search = [&](const auto& model) {
    heed::search(model, heed::Sentences(sources), n_best, work, found);
    std::vector<double> scores;
    for (const auto& of_source : found) scores.push_back(of_source[0].score);
    return scores;
  };
  const Ensemble two({&all[0], &all[1]}), three({&all[2], &all[1], &all[0]});
  const auto of_two = search(two), of_three = search(three), of_one = search(all[1]);
  EXPECT_EQ(search(two), of_two);
  EXPECT_EQ(search(all[1]), of_one);
  EXPECT_EQ(search(three), of_three);
}

TEST(Ensemble, SupportsSampling) {
  const auto all = models();
  heed::SampleWorkspace<double> work;
  heed::Hypotheses<double> found;
  const heed::SampleOptions options{.samples = 2, .seed = 3};
  heed::sample(Ensemble({&all[0], &all[2]}), heed::Sentences(sources), options, work, found);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].size(), 2u);
  const auto drawn = found[0][1].tokens;
  heed::sample(Ensemble({&all[0], &all[2]}), heed::Sentences(sources), options, work, found);
  EXPECT_EQ(found[0][1].tokens, drawn);
}

TEST(Ensemble, SupportsSharedEmbeddings) {
  TranslatorConfig config;
  config.hidden = 6;
  const auto [shared, copied] = heed::test::shared_and_copied(config, vocabulary, 1, 1.0);
  for (std::size_t b = 0; b < sources.size(); ++b) {
    const auto found = scores(shared, b, {4, 3}), expected = scores(copied, b, {4, 3});
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-12);
  }
  const auto expected = heed::search(copied, sources, n_best);
  const auto found = heed::search(Ensemble({&shared, &copied}), sources, n_best);
  for (std::size_t b = 0; b < sources.size(); ++b) {
    EXPECT_EQ(found[b][0].tokens, expected[b][0].tokens);
    EXPECT_NEAR(found[b][0].log_probability, expected[b][0].log_probability, 1e-12);
  }
}

TEST(Ensemble, RejectsNoModelsAndOtherVocabularies) {
  const auto all = models();
  EXPECT_EQ(refusal([] { Ensemble({}); }), "Ensemble: there must be at least one model");
  TranslatorConfig config;
  config.hidden = config.embedding = 2;
  const Model other = heed::test::random_model(config, 7, 1, 1.0);
  EXPECT_EQ(refusal([&] {
              Ensemble({&all[0], &other});
            }),
            "Ensemble: all models must have 6 source and 6 target words, as the first one, got 7 source and 7 target "
            "words");
}

}  // namespace ensemble_test
