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
using Look = heed::MonotonicAttention<General>;

AttentionTrial<Look> hardened(double sharpness) {
  AttentionTrial<Look> trial{Look(General(3, 4))};
  trial.attention.scorer.W.edit() *= sharpness;
  trial.attention.hard = true;
  trial.forward();
  return trial;
}

TEST(MonotonicAttention, StopsAtTheFirstWordThatAsksForIt) {
  EXPECT_LE(hardened(1).distance_from_the_paper(), 1e-14);
  const auto trial = hardened(1);
  Index seen = 0, nothing = 0;
  for (Index column = 0; column < trial.columns(); ++column) {
    const auto weights = trial.tape.weights.col(column);
    EXPECT_TRUE(weights.sum() == 0 || (weights.maxCoeff() == 1 && weights.sum() == 1));
    ++(weights.sum() == 0 ? nothing : seen);
  }
  EXPECT_GT(seen, 1);
  EXPECT_GT(nothing, 1) << "some walked past the end";
}

TEST(MonotonicAttention, NeverGoesBack) {
  const auto trial = hardened(3);
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

TEST(MonotonicAttention, HardLooksAreWhatIsExpectedOfCertainOnes) {
  auto trial = hardened(1e5);
  const Matrix<double> weights = trial.tape.weights, contexts = trial.tape.contexts;
  trial.attention.hard = false;
  trial.forward();
  EXPECT_LE(difference(trial.tape.weights, weights), 1e-12);
  EXPECT_LE(difference(trial.tape.contexts, contexts), 1e-12);
}

TEST(MonotonicAttention, LosesWhatWalksPastTheEnd) {
  AttentionTrial<Look> trial{Look(General(3, 4))};
  const Matrix<double> sums = trial.tape.weights.colwise().sum();
  EXPECT_LT(sums.maxCoeff(), 1);
  for (Index t = 1; t < trial.steps; ++t) EXPECT_LT(sums(trial.first(t)), sums(trial.first(t - 1)));
}

TEST(MonotonicAttention, AddsItsNumberToEveryScore) {
  AttentionTrial<Look> trial{Look(General(3, 4))};
  trial.attention.r(0) = 40;  // stops at once
  trial.forward();
  EXPECT_LE(difference(trial.tape.weights.row(0), Matrix<double>::Ones(1, trial.columns())), 1e-14);
}

TEST(MonotonicAttention, IsMadeWithItsNumberBelowZeroAndInitialiseKeepsIt) {
  Look look{General(3, 4)};
  EXPECT_EQ(look.r(0), -1);
  heed::Random random(1);
  heed::initialize(look, random);
  EXPECT_EQ(look.r(0), -1);
  EXPECT_GT(look.scorer.W.values().norm(), 0);
}

TEST(MonotonicAttention, AddsNoiseInTrainingAlone) {
  AttentionTrial<Look> trial{Look(General(3, 4), 0.5)};
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

TEST(MonotonicAttention, RefusesWhatItCannotDo) {
  EXPECT_EQ(refusal([] { Look(General(3, 4), -1); }), "MonotonicAttention: noise is 0 or more, not -1.000000");
  using Location = heed::LocationScorer<double>;
  EXPECT_EQ(refusal([] { heed::MonotonicAttention<Location>(Location(3, 4, 5)); }),
            "MonotonicAttention: the scorer must not depend on the place itself");
  auto trial = hardened(1);
  auto grad = heed::zeros_like(trial.attention);
  Matrix<double> d_queries = Matrix<double>::Zero(3, 4);
  heed::Memory<double> d_memory;
  EXPECT_EQ(refusal([&] {
              trial.attention.backward(trial.memory, trial.reading(0), trial.tape, 0, grad, d_queries, d_memory);
            }),
            "MonotonicAttention: hard looks are for inference");
}

}  // namespace monotonic_test
