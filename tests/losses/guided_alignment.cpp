#include <heed/losses/guided_alignment.hpp>

#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace guided_alignment_test {

using heed::Index;
using heed::Links;
using heed::Matrix;

/// Attention weights of three sentences. The columns are in the order of the packed targets.
struct GuidedAlignmentLoss : testing::Test {
  heed::Random random{422};
  std::vector<Index> starts = {0, 3, 8, 9}, lengths = {2, 4, 3};
  heed::PackedBatch targets{lengths};
  Matrix<double> weights = random_matrix(5, 9, random).cwiseAbs(), d = Matrix<double>::Zero(5, 9);
  std::vector<Links> links = {{{2, 1}, {0, 1}}, {{4, 3}, {0, 0}, {1, 3}, {2, 3}, {3, 1}}, {{0, 0}}};

  /// The weight of source word j at step t of sentence b.
  double a(Index b, Index t, Index j) const {
    for (Index p = 0; p < 3; ++p) {
      if (targets.sentence(p) == b) return weights(j, targets.column(t, p));
    }
    return 0;
  }
  double loss() {
    Matrix<double> none(0, 9);
    return heed::guided_alignment_loss<double>(weights, targets, starts, links, 1, none);
  }
};

/// Chen, Matusov, Khadivi & Peter 2016.
TEST_F(GuidedAlignmentLoss, MatchesScalarLoop) {
  double expected = 0;
  for (Index b = 0; b < 3; ++b) {
    for (Index t = 0; t < lengths[std::size_t(b)]; ++t) {
      std::vector<Index> linked;
      for (const heed::Link& link : links[std::size_t(b)]) {
        if (link.target == t) linked.push_back(link.source);
      }
      for (const Index j : linked) expected -= std::log(a(b, t, j) + 1e-6) / double(linked.size());
    }
  }
  EXPECT_NEAR(loss(), expected, 1e-12);
}

TEST_F(GuidedAlignmentLoss, AccumulatesScaledGradient) {
  for (int calls = 0; calls < 2; ++calls) {
    heed::guided_alignment_loss<double>(weights, targets, starts, links, 0.5, d);
  }
  heed::GradientCheck check;
  heed::check_gradient(
      "weights", weights, d, [&] { return loss(); }, check);
  EXPECT_LE(check.error, 1e-6);
  EXPECT_EQ(check.checked, 45);
  EXPECT_EQ((d.array() != 0).count(), 8) << "one element for each link";
}

TEST_F(GuidedAlignmentLoss, IsNearZeroIfTheWeightsAreTheLinks) {
  links[0] = {{2, 1}};
  links[1] = {{4, 3}, {0, 0}};
  weights.setConstant(1e-30);
  for (Index p = 0; p < 3; ++p) {
    for (const heed::Link& link : links[std::size_t(targets.sentence(p))]) {
      weights(link.source, targets.column(link.target, p)) = 1;
    }
  }
  EXPECT_NEAR(loss(), 0, 1e-5);
}

TEST_F(GuidedAlignmentLoss, IsFiniteForZeroWeights) {
  Matrix<float> zero = Matrix<float>::Zero(5, 9), gradient = zero;
  const double value = heed::guided_alignment_loss<float>(zero, targets, starts, links, 1, gradient);
  EXPECT_NEAR(value, 5 * std::log(1e6), 1e-3) << "five target words have links";
  EXPECT_TRUE(gradient.allFinite());
}

TEST_F(GuidedAlignmentLoss, RejectsLinksThatDoNotFit) {
  for (const heed::Link wrong : {heed::Link{3, 0}, heed::Link{0, 2}, heed::Link{-1, 0}, heed::Link{0, -1}}) {
    links[0] = {wrong};
    const std::string message = refusal([&] { loss(); });
    EXPECT_EQ(message, "guided_alignment_loss: link " + std::to_string(wrong.source) + "-" +
                           std::to_string(wrong.target) +
                           " points outside of pair 0, which has 3 source and 2 target positions");
  }
  links.pop_back();
  EXPECT_EQ(refusal([&] { loss(); }), "guided_alignment_loss: links must have 3 sentences, as the targets have, got 2");
  Matrix<double> narrow(4, 9), none(0, 9);
  EXPECT_NE(refusal([&] { heed::guided_alignment_loss<double>(narrow, targets, starts, links, 1, none); }), "accepted");
}

TEST(LossOptions, AddGuidedAlignmentOfEveryAttention) {
  const auto batch = heed::test::ragged_batch();
  const std::vector<Links> links = {{{0, 1}, {1, 0}, {2, 0}}, {}, {{0, 0}, {3, 1}, {4, 3}}, {{2, 0}}};
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
    options.guided_alignment = 0.7;
    EXPECT_EQ(refusal([&] { model.loss(batch.sources, batch.targets, tape, options); }),
              "Seq2Seq: guided_alignment needs the links of every pair, got those of 0 pairs for 4 sources");
    options.links = links;
    const double guided = model.loss(batch.sources, batch.targets, tape, options);
    EXPECT_GT(guided, plain + 0.01) << attention;
    options.scale = 2;
    const auto loss = [&] { return 2 * model.loss(batch.sources, batch.targets, tape, options); };
    EXPECT_NEAR(2 * model.loss_and_gradient(batch.sources, batch.targets, tape, grad, options), loss(), 1e-12);
    const auto check = heed::check_gradients(model, grad, loss);
    EXPECT_LE(check.error, 1e-6) << attention << ": " << check.name << '[' << check.place << ']';
    EXPECT_EQ(check.checked, heed::parameter_count(model));
  }
}

}  // namespace guided_alignment_test
