#include <heed/models/sentence_classifier.hpp>

#include <heed/cells/gru.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/refusal.hpp"
#include "support/sentence_oracle.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sentence_classifier_test {

using heed::Index;
using heed::Random;
using heed::Token;

using Encoder = heed::Encoder<heed::GruCell<double>>;
using Model = heed::SentenceClassifier<Encoder>;
using Tokens = std::vector<Token>;

constexpr Index vocabulary = 5, embedding = 2, hidden = 3, alignment = 2, classes = 3;

/// A model with two layers: an encoder of one layer has no dropout.
Model random_model(double dropout = 0, bool bidirectional = true) {
  Model model({.vocabulary = vocabulary, .alignment_size = alignment, .classes = classes, .dropout = dropout},
              Encoder({.input_size = embedding,
                       .hidden_size = hidden,
                       .layers = 2,
                       .bidirectional = bidirectional,
                       .dropout = dropout}));
  Random random(71);
  randomize(model, random);
  return model;
}

struct Trial {
  std::vector<Tokens> words{{3, 4, 0}, {4}, {3, 3, 4, 0, 2}, {0, 4, 3}};
  std::vector<std::span<const Token>> sentences{words.begin(), words.end()};
  Tokens labels{2, 0, 1, 2};
  Model::Tape tape;
};

/// The logits and attention weights of one sentence, computed step by step in long double.
struct Expected {
  oracle::Column logits, weights;
};

Expected classify_alone(const Model& model, const Tokens& words) {
  std::vector<oracle::Column> x;
  for (const Token word : words) x.push_back(oracle::column(model.words.table, word));
  const std::vector<oracle::Column> states = oracle::encode(model.encoder, x).values;
  oracle::Column scores;
  for (const auto& state : states) {
    const oracle::Column z = oracle::tanh_layer(model.pooling.W, state, model.pooling.b);
    scores.push_back(0);
    for (std::size_t k = 0; k < z.size(); ++k) {
      scores.back() += static_cast<oracle::Real>(model.pooling.v(static_cast<Index>(k))) * z[k];
    }
  }
  Expected alone{{}, oracle::softmax(scores)};
  oracle::Column pooled(states.front().size());
  for (std::size_t j = 0; j < states.size(); ++j) {
    for (std::size_t k = 0; k < pooled.size(); ++k) pooled[k] += alone.weights[j] * states[j][k];
  }
  for (Index c = 0; c < model.classes(); ++c) {
    alone.logits.push_back(oracle::affine(model.output.W, 0, pooled, model.output.b, c));
  }
  return alone;
}

void expect_gradients(const Model& model, const heed::LossOptions<double>& options, bool dropout) {
  Trial trial;
  Model varied = model, grad = heed::zeros_like(model);
  Random random(5);
  heed::LossOptions<double> drawn = options;
  if (dropout) drawn.random = &random;
  const double loss = model.loss_and_gradient(trial.sentences, trial.labels, trial.tape, grad, drawn);
  const auto scaled = [&] {
    Random again(5);
    drawn.random = dropout ? &again : nullptr;
    return options.scale * varied.loss(trial.sentences, trial.labels, trial.tape, drawn);
  };
  EXPECT_NEAR(options.scale * loss, scaled(), 1e-12);
  const heed::GradientCheck check = heed::check_gradients(varied, grad, scaled);
  EXPECT_EQ(check.checked, heed::parameter_count(model));
  EXPECT_LE(check.error, 1e-6) << check.name << '[' << check.place << "] is " << check.analytic << ", not "
                               << check.numeric;
}

TEST(SentenceClassifier, MatchesPaperForEverySentence) {
  for (const bool bidirectional : {true, false}) {
    const Model model = random_model(0, bidirectional);
    Trial trial;
    model.forward(trial.sentences, trial.tape);
    for (std::size_t b = 0; b < trial.words.size(); ++b) {
      const Expected alone = classify_alone(model, trial.words[b]);
      const auto column = static_cast<Index>(b);
      EXPECT_LE(difference(trial.tape.logits.col(column), oracle::matrix({alone.logits})), 1e-14);
      EXPECT_LE(difference(trial.tape.weights(column), oracle::matrix({alone.weights})), 1e-14);
    }
  }
}

TEST(SentenceClassifier, GradientsMatchCentralDifferences) { expect_gradients(random_model(), {}, false); }

TEST(SentenceClassifier, GradientsMatchDifferencesWithAllOptions) {
  expect_gradients(random_model(0.4), {0.1, 0.25, nullptr}, true);
}

TEST(SentenceClassifier, AccumulatesGradients) {
  const Model model = random_model();
  Trial trial;
  Model once = heed::zeros_like(model), twice = once;
  model.loss_and_gradient(trial.sentences, trial.labels, trial.tape, once);
  for (int i = 0; i < 2; ++i) model.loss_and_gradient(trial.sentences, trial.labels, trial.tape, twice);
  heed::scale(once, 2.0);
  EXPECT_LE(part_difference(twice, once), 1e-15);
}

TEST(SentenceClassifier, DropsOutOnlyInTraining) {
  const Model model = random_model(0.5), without = random_model();
  Trial trial;
  const auto loss = [&](const Model& any, Random* random) {
    return any.loss(trial.sentences, trial.labels, trial.tape, {0, 1, random});
  };
  EXPECT_EQ(loss(model, nullptr), loss(without, nullptr));
  Random random(9);
  loss(model, &random);
  EXPECT_GT((trial.tape.words.mask.array() == 0).count(), 0);
  EXPECT_GT((trial.tape.pooled_mask.array() == 0).count(), 0);
  EXPECT_TRUE(((trial.tape.words.mask.array() == 0) == (trial.tape.words.x.array() == 0)).all());
  EXPECT_TRUE(((trial.tape.pooled_mask.array() == 0) == (trial.tape.pooled.array() == 0)).all());
}

TEST(SentenceClassifier, SupportsDropoutPerSentence) {
  Model model = random_model(0.5);
  for (const bool per_sentence : {true, false}) {
    model.dropout.per_sentence = per_sentence;
    Trial trial;
    Random random(9);
    model.loss(trial.sentences, trial.labels, trial.tape, {0, 1, &random});
    const auto& packing = trial.tape.words.packing;
    bool same = true;
    for (Index p = 0; p < packing.sentences(); ++p) {
      for (Index t = 1; t < packing.length(p); ++t) {
        same = same && trial.tape.words.mask.col(packing.column(t, p)) == trial.tape.words.mask.col(p);
      }
    }
    EXPECT_EQ(same, per_sentence);
    expect_gradients(model, {}, true);
  }
}

TEST(SentenceClassifier, ResultsDoNotDependOnBatch) {
  const Model model = random_model();
  Trial trial;
  Model together = heed::zeros_like(model), alone = together;
  const double loss = model.loss_and_gradient(trial.sentences, trial.labels, trial.tape, together);
  double sum = 0;
  for (std::size_t b = 0; b < trial.words.size(); ++b) {
    sum += model.loss_and_gradient({&trial.sentences[b], 1}, {&trial.labels[b], 1}, trial.tape, alone);
  }
  EXPECT_NEAR(loss, sum, 1e-12);
  EXPECT_LE(part_difference(together, alone), 1e-12);
}

TEST(SentenceClassifier, RejectsInvalidClassesAndBatches) {
  EXPECT_EQ(refusal([] {
              Model({.vocabulary = vocabulary, .alignment_size = alignment, .classes = 1}, random_model().encoder);
            }),
            "SentenceClassifier: classes must be 2 or more, got 1");
  const Model model = random_model();
  Trial trial;
  EXPECT_EQ(refusal([&] {
              model.loss(trial.sentences, Tokens{0, 1}, trial.tape);
            }),
            "SentenceClassifier.loss: labels must have 4 elements, got 2");
  EXPECT_EQ(refusal([&] {
              model.loss(trial.sentences, Tokens{0, 1, 3, 0}, trial.tape);
            }),
            "SentenceClassifier.loss: label 3 must be 0 to 2");
  trial.words[1].clear();
  trial.sentences[1] = trial.words[1];
  EXPECT_NE(refusal([&] { model.forward(trial.sentences, trial.tape); }).find("is empty"), std::string::npos);
}

}  // namespace sentence_classifier_test
