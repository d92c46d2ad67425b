#include <heed/attention/attention.hpp>
#include <heed/layers/attention_pooling.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace attention_pooling_test {

using heed::AttentionPooling;
using heed::Index;
using heed::Matrix;

using Starts = std::vector<Index>;

template <int Size = heed::Dynamic, int Alignment = heed::Dynamic>
struct Trial {
  heed::Random random{503};
  AttentionPooling<double, Size, Alignment> pooling{5, 4};
  Starts sentences{0, 4, 5, 24};
  Matrix<double> values, d_pooled;
  heed::AttentionPoolingTape<double> tape;

  Trial() {
    randomize(pooling, random);
    values = random_matrix(5, 24, random);
    d_pooled = random_matrix(5, 3, random);
  }
  Matrix<double> pooled() {
    Matrix<double> result = Matrix<double>::Constant(5, 3, 99);  // overwritten
    pooling.forward(values, sentences, tape, result);
    return result;
  }
};

TEST(AttentionPooling, MatchesEquations5To7) {
  Trial<> trial;
  const Matrix<double> pooled = trial.pooled();
  for (std::size_t s = 0; s < 3; ++s) {
    const Index start = trial.sentences[s], length = trial.sentences[s + 1] - start;
    oracle::Column scores, expected(5);
    for (Index j = 0; j < length; ++j) {
      scores.push_back(0);
      for (Index k = 0; k < 4; ++k) {
        const auto u = oracle::affine(trial.pooling.W, 0, oracle::column(trial.values, start + j), trial.pooling.b, k);
        scores.back() += static_cast<oracle::Real>(trial.pooling.v(k)) * std::tanh(u);
      }
    }
    const oracle::Column weights = oracle::softmax(scores);
    for (Index j = 0; j < length; ++j) {
      for (Index k = 0; k < 5; ++k) {
        expected[oracle::at(k)] += weights[oracle::at(j)] * static_cast<oracle::Real>(trial.values(k, start + j));
      }
    }
    EXPECT_LE(difference(pooled.col(static_cast<Index>(s)), oracle::matrix({expected})), 1e-15);
    EXPECT_LE(difference(trial.tape.weights.middleRows(start, length), oracle::matrix({weights})), 1e-15);
  }
}

TEST(AttentionPooling, MatchesAdditiveAttentionWithZeroQuery) {
  Trial<> trial;
  heed::AdditiveScorer<double> scorer(2, 5, 4, true);
  scorer.U = trial.pooling.W;
  scorer.b = trial.pooling.b;
  scorer.v = trial.pooling.v;
  const auto [context, weights] = heed::attend(scorer, heed::Vector<double>::Zero(2), trial.values.middleCols(5, 19));
  EXPECT_LE(difference(trial.pooled().col(2), context), 1e-14);
}

TEST(AttentionPooling, ComputesMeanIfVIsZero) {
  Trial<> trial;
  trial.pooling.v.setZero();
  EXPECT_LE(difference(trial.pooled().col(0), trial.values.leftCols(4).rowwise().mean()), 1e-15);
}

TEST(AttentionPooling, GradientsMatchDifferencesAndAccumulate) {
  Trial<> trial;
  trial.pooled();
  auto grad = heed::zeros_like(trial.pooling);
  Matrix<double> d_values = Matrix<double>::Zero(5, 24);
  trial.pooling.backward(trial.values, trial.sentences, trial.tape, trial.d_pooled, grad, d_values);
  auto twice = grad;
  Matrix<double> d_twice = d_values;
  trial.pooling.backward(trial.values, trial.sentences, trial.tape, trial.d_pooled, twice, d_twice);

  const auto loss = [&] { return trial.pooled().cwiseProduct(trial.d_pooled).sum(); };
  auto check = heed::check_gradients(trial.pooling, grad, loss);
  heed::check_gradient("values", trial.values, d_values, loss, check);
  EXPECT_LE(check.error, 1e-8) << check.name;
  EXPECT_EQ(check.checked, 4 * 5 + 4 + 4 + 5 * 24);

  heed::scale(grad, 2.0);
  EXPECT_LE(part_difference(twice, grad), 1e-15);
  EXPECT_LE(difference(d_twice, 2 * d_values), 1e-15);
}

TEST(AttentionPooling, ResultsAreBitwiseEqualInAnyBatch) {
  heed::Random random(509);
  AttentionPooling<float> pooling(24, 20);
  randomize(pooling, random);
  heed::AttentionPoolingTape<float> tape;
  for (const Index length : {1, 5, 19}) {
    const Matrix<float> values = random_matrix<float>(24, length, random);
    Matrix<float> alone(24, 1), pooled(24, 3);
    pooling.forward(values, Starts{0, length}, tape, alone);
    for (const auto& [before, after] : {std::pair<Index, Index>{1, 7}, {3, 1}, {13, 40}}) {
      Matrix<float> all = random_matrix<float>(24, before + length + after, random);
      all.middleCols(before, length) = values;
      pooling.forward(all, Starts{0, before, before + length, all.cols()}, tape, pooled);
      EXPECT_EQ(pooled.col(1), alone) << length << ' ' << before << ' ' << after;
    }
  }
}

TEST(AttentionPooling, FixedSizesMatchDynamicSizes) {
  Trial<> trial;
  Trial<5, 4> fixed;
  copy_parameters(trial.pooling, fixed.pooling);
  EXPECT_LE(difference(fixed.pooled(), trial.pooled()), 1e-15);
  auto grad = heed::zeros_like(fixed.pooling);
  auto expected = heed::zeros_like(trial.pooling);
  Matrix<double> d_values = Matrix<double>::Zero(5, 24), expected_values = d_values;
  fixed.pooling.backward(fixed.values, fixed.sentences, fixed.tape, fixed.d_pooled, grad, d_values);
  trial.pooling.backward(trial.values, trial.sentences, trial.tape, trial.d_pooled, expected, expected_values);
  EXPECT_LE(part_difference(grad, expected), 1e-15);
  EXPECT_LE(difference(d_values, expected_values), 1e-15);
}

TEST(AttentionPooling, RejectsValuesOfWrongSize) {
  const AttentionPooling<float> pooling(4, 3);
  heed::AttentionPoolingTape<float> tape;
  Matrix<float> pooled(4, 1);
  for (const auto& [rows, cols] : {std::pair<Index, Index>{5, 2}, {4, 3}}) {
    const Matrix<float> values = Matrix<float>::Zero(rows, cols);
    EXPECT_EQ(
        refusal([&] {
          pooling.forward(values, Starts{0, 2}, tape, pooled);
        }),
        "AttentionPooling.forward: values must be 4 x 2, got " + std::to_string(rows) + " x " + std::to_string(cols));
  }
}

}  // namespace attention_pooling_test
