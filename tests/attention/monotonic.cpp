#include <heed/attention/monotonic.hpp>

#include <heed/scorers/dot.hpp>
#include <heed/scorers/general.hpp>
#include <heed/scorers/location.hpp>
#include <heed/training/initialization.hpp>

#include "support/attention_runs.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace monotonic_test {

using heed::Index;
using heed::Matrix;

using General = heed::GeneralScorer<double>;
using Monotonic = heed::MonotonicAttention<General>;

AttentionTrial<Monotonic> hard_trial(double sharpness) {
  AttentionTrial<Monotonic> trial{Monotonic(General(3, 4))};
  trial.attention.scorer.W.edit() *= sharpness;
  trial.attention.hard = true;
  trial.forward();
  return trial;
}

TEST(MonotonicAttention, HardWeightsAreOneHotOrZero) {
  EXPECT_LE(hard_trial(1).distance_from_the_paper(), 1e-14);
  const auto trial = hard_trial(1);
  Index one_hot = 0, zero = 0;
  for (Index column = 0; column < trial.columns(); ++column) {
    const auto weights = trial.tape.weights.col(column);
    EXPECT_TRUE(weights.sum() == 0 || (weights.maxCoeff() == 1 && weights.sum() == 1));
    ++(weights.sum() == 0 ? zero : one_hot);
  }
  EXPECT_GT(one_hot, 1);
  EXPECT_GT(zero, 1) << "some steps pass the end of the sentence";
}

TEST(MonotonicAttention, HardPositionNeverDecreases) {
  const auto trial = hard_trial(3);
  for (Index p = 0; p < 2; ++p) {
    Index before = 0;
    for (Index t = 0; t < trial.steps && p < trial.active(t); ++t) {
      Index now = 7;
      if (trial.tape.weights.col(trial.first(t) + p).maxCoeff(&now) == 0) now = 7;
      EXPECT_GE(now, before);
      before = now;
    }
  }
}

TEST(MonotonicAttention, HardMatchesExpectedWeightsForLargeScores) {
  auto trial = hard_trial(1e5);
  const Matrix<double> weights = trial.tape.weights, contexts = trial.tape.contexts;
  trial.attention.hard = false;
  trial.forward();
  EXPECT_LE(difference(trial.tape.weights, weights), 1e-12);
  EXPECT_LE(difference(trial.tape.contexts, contexts), 1e-12);
}

TEST(MonotonicAttention, WeightSumsDecreaseWithEveryStep) {
  AttentionTrial<Monotonic> trial{Monotonic(General(3, 4))};
  const Matrix<double> sums = trial.tape.weights.colwise().sum();
  EXPECT_LT(sums.maxCoeff(), 1);
  for (Index t = 1; t < trial.steps; ++t) EXPECT_LT(sums(trial.first(t)), sums(trial.first(t - 1)));
}

TEST(MonotonicAttention, AddsRToEveryScore) {
  AttentionTrial<Monotonic> trial{Monotonic(General(3, 4))};
  trial.attention.r(0) = 40;  // every step stops at the first column
  trial.forward();
  EXPECT_LE(difference(trial.tape.weights.row(0), Matrix<double>::Ones(1, trial.columns())), 1e-14);
}

TEST(MonotonicAttention, InitializeKeepsR) {
  Monotonic attention{General(3, 4)};
  EXPECT_EQ(attention.r(0), -1);
  heed::Random random(1);
  heed::initialize(attention, random);
  EXPECT_EQ(attention.r(0), -1);
  EXPECT_GT(attention.scorer.W.values().norm(), 0);
}

TEST(MonotonicAttention, AddsNoiseOnlyInTraining) {
  AttentionTrial<Monotonic> trial{Monotonic(General(3, 4), 0.5)};
  const Matrix<double> quiet = trial.tape.weights;
  heed::Random random(3), same(3), other(4);
  trial.forward(&random);
  const Matrix<double> noisy = trial.tape.weights;
  EXPECT_GT(difference(noisy, quiet), 0.01);
  trial.forward(&same);
  EXPECT_EQ(trial.tape.weights, noisy);
  trial.forward(&other);
  EXPECT_GT(difference(trial.tape.weights, noisy), 0.01);
  trial.attention.noise = 0;
  trial.forward(&other);
  EXPECT_EQ(trial.tape.weights, quiet);
}

TEST(MonotonicAttention, RejectsUnsupportedArguments) {
  EXPECT_EQ(refusal([] { Monotonic(General(3, 4), -1); }),
            "MonotonicAttention: noise must be at least 0, got -1.000000");
  using Location = heed::LocationScorer<double>;
  EXPECT_EQ(refusal([] { heed::MonotonicAttention<Location>(Location(3, 4, 5)); }),
            "MonotonicAttention: the scorer must not depend on the position");
  auto trial = hard_trial(1);
  auto grad = heed::zeros_like(trial.attention);
  Matrix<double> d_queries = Matrix<double>::Zero(3, 4);
  heed::Memory<double> d_memory;
  EXPECT_EQ(refusal([&] {
              trial.attention.backward(trial.memory, trial.reading(0), trial.tape, 0, grad, d_queries, d_memory);
            }),
            "MonotonicAttention.backward: hard attention is for inference only, it has no gradient");
}

}  // namespace monotonic_test
