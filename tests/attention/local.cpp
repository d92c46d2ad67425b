#include <heed/attention/local.hpp>

#include <heed/attention/attention.hpp>
#include <heed/scorers/dot.hpp>
#include <heed/scorers/general.hpp>
#include <heed/scorers/location.hpp>

#include "support/attention_runs.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace local_test {

using heed::Index;
using heed::Matrix;

using General = heed::GeneralScorer<double>;
using Monotone = heed::LocalAttention<General, heed::StepPosition<double>>;
using Predictive = heed::LocalAttention<General, heed::PredictedPosition<double>>;

/// Local attention with all scores 0, so that the weights within the window are equal. The second sentence has seven
/// tokens.
template <class L>
AttentionTrial<L> uniform(L attention) {
  AttentionTrial<L> trial(std::move(attention));
  trial.attention.scorer.W.edit().setZero();
  trial.forward();
  return trial;
}

TEST(LocalAttention, AttendsOnlyToWindowAroundStep) {
  const auto trial = uniform(Monotone(General(3, 4), {}, 2));
  Matrix<double> expected(7, 4);
  expected.transpose() << 1 / 3.0, 1 / 3.0, 1 / 3.0, 0, 0, 0, 0,  //
      1 / 4.0, 1 / 4.0, 1 / 4.0, 1 / 4.0, 0, 0, 0,                //
      1 / 5.0, 1 / 5.0, 1 / 5.0, 1 / 5.0, 1 / 5.0, 0, 0,          //
      0, 1 / 5.0, 1 / 5.0, 1 / 5.0, 1 / 5.0, 1 / 5.0, 0;
  for (Index t = 0; t < 4; ++t) {
    EXPECT_LE(difference(trial.tape.weights.col(trial.first(t)), expected.col(t)), 1e-15) << "step " << t;
  }
}

TEST(LocalAttention, ClampsStepPositionToLastToken) {
  const auto trial = uniform(Monotone(General(3, 4), {}, 1));
  const Index column = trial.first(2) + 2;  // the third step, which is the last token of a sentence of three
  EXPECT_LE(difference(trial.tape.weights.col(column).head(3), heed::Vector<double>{{0, 0.5, 0.5}}), 1e-15);
  const Index only = trial.first(1) + 3;  // the second step over a sentence of one token
  EXPECT_EQ(trial.tape.weights(0, only), 1);
}

TEST(LocalAttention, AppliesGaussianAroundPredictedPosition) {
  auto trial = uniform(Predictive(General(3, 4), {3, 6}, 2));
  trial.attention.position.v.setZero();  // sigmoid(0) = 1/2
  trial.forward();
  const double p = 3.5;  // of seven tokens
  for (Index j = 0; j < 7; ++j) {
    const double distance = static_cast<double>(j) - p;
    const double expected = std::abs(distance) <= 2 ? 0.25 * std::exp(-distance * distance / 2) : 0;  // sigma = D / 2
    EXPECT_NEAR(trial.tape.weights(j, 0), expected, 1e-15) << j;
  }
}

TEST(LocalAttention, ClampsPredictedPositionToLastToken) {
  auto trial = uniform(Predictive(General(3, 4), {3, 6}, 2));
  trial.attention.position.W.edit().row(0).setConstant(0);
  trial.attention.position.v.setZero();
  trial.attention.position.W.edit().setZero();
  trial.queries.setOnes();
  trial.attention.position.W.edit().row(0).setConstant(100);  // tanh is 1
  trial.attention.position.v(0) = 100;                        // and so is the sigmoid
  trial.forward();
  EXPECT_NEAR(trial.tape.weights(6, 0), 1 / 3.0, 1e-15);  // p = 6: tokens 4, 5 and 6 are in the window
  EXPECT_EQ(trial.tape.weights.col(0).head(4), (heed::Vector<double>::Zero(4)));
  auto grad = heed::zeros_like(trial.attention);
  Matrix<double> d_queries = Matrix<double>::Zero(3, 4);
  heed::Memory<double> d_memory;
  d_memory.zeros_like(trial.memory);
  begin_attention_backward(4, trial.tape);
  trial.tape.d_contexts.setOnes();
  trial.attention.backward(trial.memory, trial.reading(0), trial.tape, 0, grad, d_queries, d_memory);
  EXPECT_EQ(grad.position.v, (heed::Vector<double>::Zero(6))) << "a clamped position has no gradient";
}

TEST(LocalAttention, PositionHasZeroGradientForOneToken) {
  AttentionTrial<Predictive> trial(Predictive(General(3, 4), {3, 6}, 2));
  const Index only = 3;  // the first step over a sentence of one token
  EXPECT_EQ(trial.tape.weights(0, only), 1);
  for (const bool alone : {true, false}) {
    auto grad = heed::zeros_like(trial.attention);
    Matrix<double> d_queries = Matrix<double>::Zero(3, 4);
    heed::Memory<double> d_memory;
    d_memory.zeros_like(trial.memory);
    trial.forward();
    begin_attention_backward(4, trial.tape);
    trial.tape.d_contexts.setZero();
    trial.tape.d_contexts.col(alone ? only : 0).setOnes();
    trial.attention.backward(trial.memory, trial.reading(0), trial.tape, 0, grad, d_queries, d_memory);
    EXPECT_EQ(grad.position.v.isZero(0), alone) << "p is clamped to T - 1 = 0";
  }
}

TEST(LocalAttention, MatchesGlobalAttentionIfWindowCoversSentence) {
  AttentionTrial<Monotone> local(Monotone(General(3, 4), {}, 7));
  AttentionTrial<heed::Attention<General>> global(heed::Attention<General>{General(3, 4), {}});
  global.attention.scorer = local.attention.scorer;
  global.memory.values = local.memory.values.leftCols(11);
  global.queries = local.queries;
  global.forward();
  EXPECT_LE(difference(local.tape.weights, global.tape.weights), 1e-15);
  EXPECT_LE(difference(local.tape.contexts, global.tape.contexts), 1e-15);
}

TEST(LocalAttention, RejectsUnsupportedArguments) {
  EXPECT_EQ(refusal([] { Monotone(General(3, 4), {}, 0); }), "LocalAttention: window must be at least 1, got 0");
  using Location = heed::LocationScorer<double>;
  using Placed = heed::LocalAttention<Location, heed::StepPosition<double>>;
  const std::string expected = "LocalAttention: the scorer must not depend on the position";
  EXPECT_EQ(refusal([] { Placed(Location(3, 4, 5), {}, 1); }), expected);
  Placed placed;
  placed.scorer = Location(3, 4, 5);
  heed::Memory<double> three;
  three.resize(4, std::vector<Index>{3});
  EXPECT_EQ(refusal([&] { placed.prepare(three); }), expected);
  using Float = heed::LocalAttention<heed::DotScorer<float>, heed::StepPosition<float>>;
  const Float attention(heed::DotScorer<float>(4), {}, 1);
  heed::Memory<float> memory;
  memory.resize(4, std::vector<Index>{3});
  memory.values.setZero();
  memory.to_bfloat16();
  heed::Buffer<float> carry;
  heed::AttentionTape<float> tape;
  const std::vector<Index> sentences{0};
  start_attention(attention, memory, sentences, carry);
  begin_attention(attention, memory, 1, tape);
  EXPECT_EQ(refusal([&] { attention.forward(Matrix<float>::Zero(4, 1), memory, sentences, carry, tape, 0); }),
            "LocalAttention: a bfloat16 memory is not supported");
}

}  // namespace local_test
