#include <heed/losses/attention_penalty.hpp>

#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace attention_penalty_test {

using heed::Index;
using heed::Matrix;

/// Attention weights of three sentences. The columns are in the order of the packed targets.
struct AttentionPenalties : testing::Test {
  heed::Random random{421};
  std::vector<Index> starts = {0, 3, 8, 9}, lengths = {2, 4, 3};
  heed::PackedBatch targets{lengths};
  Matrix<double> weights = random_matrix(5, 9, random).cwiseAbs(), d = Matrix<double>::Zero(5, 9);

  Index sources(Index b) const { return starts[std::size_t(b) + 1] - starts[std::size_t(b)]; }

  /// The weight of source token j at target step t of sentence b.
  double a(Index b, Index t, Index j) const {
    for (Index p = 0; p < 3; ++p) {
      if (targets.sentence(p) == b) return weights(j, targets.column(t, p));
    }
    return 0;
  }
  double coverage(double scale = 0) {
    Matrix<double> none(0, 9);
    return scale == 0 ? heed::coverage_loss<double>(weights, targets, starts, 1, none)
                      : heed::coverage_loss<double>(weights, targets, starts, scale, d);
  }
  double doubly_stochastic(double scale = 0) {
    Matrix<double> none(0, 9);
    return scale == 0 ? heed::doubly_stochastic_penalty<double>(weights, targets, starts, 1, none)
                      : heed::doubly_stochastic_penalty<double>(weights, targets, starts, scale, d);
  }
};

/// See, Liu & Manning 2017.
TEST_F(AttentionPenalties, CoverageMatchesEquation12) {
  double expected = 0;
  for (Index b = 0; b < 3; ++b) {
    for (Index t = 0; t < lengths[std::size_t(b)]; ++t) {
      for (Index j = 0; j < sources(b); ++j) {
        double covered = 0;
        for (Index earlier = 0; earlier < t; ++earlier) covered += a(b, earlier, j);
        expected += std::min(a(b, t, j), covered);
      }
    }
  }
  EXPECT_NEAR(coverage(), expected, 1e-14);
}

/// The sum of the weights loses the small ones: 1 + 1.5e-9 is 1 in float.
TEST(CoverageLoss, GradientUsesTheMinimaOfTheLoss) {
  const Matrix<float> weights{{1e-9F, 5e-10F, 1.0F}};
  Matrix<float> d = Matrix<float>::Zero(1, 3);
  const std::vector<Index> starts = {0, 1}, lengths = {3};
  heed::coverage_loss<float>(weights, heed::PackedBatch(lengths), starts, 1, d);
  // The minima are c_0 = 0, a_1, and c_2 = a_0 + a_1.
  EXPECT_EQ(d, (Matrix<float>{{1, 2, 0}}));
}

/// Xu et al. 2015.
TEST_F(AttentionPenalties, DoublyStochasticMatchesEquation14) {
  double expected = 0;
  for (Index b = 0; b < 3; ++b) {
    for (Index j = 0; j < sources(b); ++j) {
      double sum = 0;
      for (Index t = 0; t < lengths[std::size_t(b)]; ++t) sum += a(b, t, j);
      expected += (1 - sum) * (1 - sum);
    }
  }
  EXPECT_NEAR(doubly_stochastic(), expected, 1e-14);
}

TEST_F(AttentionPenalties, AccumulateScaledGradients) {
  coverage(0.5);
  doubly_stochastic(3);
  heed::GradientCheck check;
  heed::check_gradient(
      "weights", weights, d, [&] { return 0.5 * coverage() + 3 * doubly_stochastic(); }, check);
  EXPECT_LE(check.error, 1e-6);
  EXPECT_EQ(check.checked, 45);
  for (Index p = 0; p < 3; ++p) {
    for (Index t = 0; t < targets.length(p); ++t) {
      const Index below = 5 - sources(targets.sentence(p));
      EXPECT_EQ(d.col(targets.column(t, p)).tail(below), (heed::Vector<double>::Zero(below))) << "outside the sentence";
    }
  }
}

TEST_F(AttentionPenalties, AreZeroIfEveryTokenIsAttendedOnce) {
  weights.setZero();
  for (Index p = 0; p < 3; ++p) {
    for (Index j = 0; j < sources(targets.sentence(p)); ++j) {
      weights(j, targets.column(j % targets.length(p), p)) = 1;  // a step may attend to several tokens
    }
  }
  EXPECT_EQ(coverage(), 0);
  EXPECT_EQ(doubly_stochastic(), 0);
}

TEST(LossOptions, AddPenaltiesOfEveryAttention) {
  const auto batch = heed::test::ragged_batch();
  for (const auto attention : heed::attention_names) {
    heed::TranslatorConfig config;
    config.attention = attention;
    config.hidden = config.embedding = 3;
    config.window = 1;
    auto model = heed::test::random_model(config, 5, 7);
    auto grad = heed::zeros_like(model);
    heed::Seq2SeqTape<double> tape;
    heed::LossOptions<double> options;
    const double plain = model.loss(batch.sources, batch.targets, tape, options);
    options.coverage = 0.7;
    const double covered = model.loss(batch.sources, batch.targets, tape, options);
    options.doubly_stochastic = 0.9;
    options.scale = 2;
    const auto loss = [&] { return 2 * model.loss(batch.sources, batch.targets, tape, options); };
    EXPECT_GT(covered, plain + 0.01) << attention;
    EXPECT_GT(loss() / 2, covered + 0.01) << attention;
    EXPECT_NEAR(2 * model.loss_and_gradient(batch.sources, batch.targets, tape, grad, options), loss(), 1e-12);
    const auto check = heed::check_gradients(model, grad, loss);
    EXPECT_LE(check.error, 1e-6) << attention << ": " << check.name << '[' << check.place << ']';
    EXPECT_EQ(check.checked, heed::parameter_count(model));
  }
}

}  // namespace attention_penalty_test
