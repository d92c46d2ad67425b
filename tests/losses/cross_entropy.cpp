#include <heed/losses/cross_entropy.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cross_entropy_test {

using heed::Index;
using heed::Matrix;
using heed::Token;

/// - sum_k label_k log softmax(x)_k, where label is e / V for every token, plus 1 - e for the target.
template <class S>
oracle::Real paper_loss(const Matrix<S>& logits, const std::vector<Token>& targets, oracle::Real smoothing) {
  oracle::Real loss = 0;
  for (Index i = 0; i < logits.cols(); ++i) {
    const auto p = oracle::softmax(oracle::column(logits, i));
    for (std::size_t k = 0; k < p.size(); ++k) {
      const bool is_target = static_cast<Token>(k) == targets[oracle::at(i)];
      const oracle::Real label = (is_target ? 1 - smoothing : 0) + smoothing / static_cast<oracle::Real>(p.size());
      if (label > 0) loss -= label * std::log(p[k]);
    }
  }
  return loss;
}

struct Trial {
  heed::Random random{61};
  Matrix<double> logits = random_matrix(7, 3, random, 4);
  std::vector<Token> targets = {0, 6, 3};
};

TEST(SoftmaxCrossEntropy, MatchesFormula) {
  const Trial trial;
  for (const double smoothing : {0.0, 0.1, 0.5}) {
    Matrix<double> logits = trial.logits;
    const auto expected = static_cast<double>(paper_loss(logits, trial.targets, smoothing));
    EXPECT_NEAR(heed::softmax_cross_entropy<double>(logits, trial.targets, smoothing), expected, 1e-13);
    Matrix<float> single = trial.logits.cast<float>();
    const double loss = heed::softmax_cross_entropy<float>(single, trial.targets, static_cast<float>(smoothing));
    EXPECT_NEAR(loss, expected, 1e-5);
    EXPECT_LE(difference(single, logits), 1e-6);
  }
}

TEST(SoftmaxCrossEntropy, GradientMatchesCentralDifferences) {
  for (const double smoothing : {0.0, 0.1}) {
    Trial trial;
    Matrix<double> d = trial.logits;
    heed::softmax_cross_entropy<double>(d, trial.targets, smoothing);
    const auto loss = [&] {
      Matrix<double> copy = trial.logits;
      return heed::softmax_cross_entropy<double>(copy, trial.targets, smoothing);
    };
    heed::GradientCheck check;
    heed::check_gradient("logits", trial.logits, d, loss, check);
    EXPECT_LE(check.error, 1e-6);
    EXPECT_EQ(check.checked, 21);
  }
}

TEST(SoftmaxCrossEntropy, ScalesGradientButNotLoss) {
  const Trial trial;
  Matrix<double> one = trial.logits, quarter = trial.logits;
  const double loss = heed::softmax_cross_entropy<double>(one, trial.targets, 0.1);
  EXPECT_EQ(heed::softmax_cross_entropy<double>(quarter, trial.targets, 0.1, 0.25), loss);
  EXPECT_LE(difference(quarter, one / 4), 1e-16);
}

TEST(SoftmaxCrossEntropy, DoesNotOverflowForLargeLogits) {
  Matrix<float> logits(2, 2);
  logits << 1e4f, 1e4f, -1e4f, -1e4f;
  EXPECT_EQ(heed::softmax_cross_entropy<float>(logits, std::vector<Token>{0, 1}), 2e4);
  Matrix<float> expected(2, 2);
  expected << 0, 1, 0, -1;
  EXPECT_EQ(logits, expected);
}

TEST(SoftmaxCrossEntropy, IsZeroWithoutColumns) {
  Matrix<double> logits(7, 0);
  EXPECT_EQ(heed::softmax_cross_entropy<double>(logits, std::vector<Token>{}), 0);
}

TEST(SoftmaxCrossEntropy, RejectsTargetOutsideVocabulary) {
  for (const Token target : {-1, 7}) {
    Trial trial;
    trial.targets[1] = target;
    EXPECT_EQ(refusal([&] { heed::softmax_cross_entropy<double>(trial.logits, trial.targets); }),
              "softmax_cross_entropy: target must be in [0, 7), got " + std::to_string(target));
  }
}

TEST(SoftmaxCrossEntropy, RejectsWrongNumberOfTargets) {
  Trial trial;
  trial.targets.push_back(0);
  EXPECT_EQ(refusal([&] { heed::softmax_cross_entropy<double>(trial.logits, trial.targets); }),
            "softmax_cross_entropy: targets must have 3 elements, got 4");
}

}  // namespace cross_entropy_test
