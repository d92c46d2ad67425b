#include <heed/attention.hpp>
#include <heed/cells/gru.hpp>
#include <heed/encoder.hpp>
#include <heed/init.hpp>
#include <heed/layers/linear.hpp>
#include <heed/scorers/additive.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>

TEST(Initialize, FillsTheGlorotRangeAndLeavesBiasesZero) {
  heed::Linear<double> linear(60, 40);
  linear.b.setOnes();
  heed::Random random(67);
  heed::initialize(linear, random);
  const double bound = std::sqrt(6.0 / 100);
  EXPECT_LE(linear.W.cwiseAbs().maxCoeff(), bound);
  EXPECT_GT(linear.W.maxCoeff(), 0.98 * bound);
  EXPECT_LT(linear.W.minCoeff(), -0.98 * bound);
  EXPECT_NEAR(linear.W.mean(), 0, 0.01);
  EXPECT_NEAR(linear.W.squaredNorm() / 2400, bound * bound / 3, 0.001);
  EXPECT_EQ(linear.b, heed::Vector<double>::Zero(40));
}

TEST(Initialize, ZeroesEveryNameThatBeginsWithB) {
  heed::GruCell<float> cell(3, 4);
  cell.b_W.setOnes();
  cell.b_U.setOnes();
  heed::Random random(67);
  heed::initialize(cell, random);
  EXPECT_EQ(cell.b_W.squaredNorm() + cell.b_U.squaredNorm(), 0);
  EXPECT_GT(cell.U.cwiseAbs().minCoeff(), 0);
}

namespace {

/// A part with a gain.
struct Gained {
  using Scalar = double;
  heed::Vector<double> gain = heed::Vector<double>::Zero(3);

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("gain", self.gain...);
  }
};

}  // namespace

TEST(Initialize, LetsGainsBeOne) {
  Gained part;
  heed::Random random(67);
  heed::initialize(part, random);
  EXPECT_EQ(part.gain, heed::Vector<double>::Ones(3));
}

TEST(InitializeAsBahdanau, MakesRecurrentMatricesOrthogonalAndTheRestSmall) {
  using Cell = heed::GruCell<double>;
  heed::Encoder<Cell> encoder([](heed::Index in, heed::Index hidden) { return Cell(in, hidden); }, 30, 40, 1, true);
  for (auto* cell : {&encoder.layers[0].forward, &*encoder.layers[0].backward}) cell->b_W.setOnes();
  heed::Random random(73);
  heed::initialize_as_bahdanau(encoder, random);
  for (const auto* cell : {&encoder.layers[0].forward, &*encoder.layers[0].backward}) {
    for (heed::Index gate = 0; gate < 3; ++gate) {
      const auto U = cell->U.middleRows(40 * gate, 40);
      EXPECT_LE((U.transpose() * U - heed::Matrix<double>::Identity(40, 40)).cwiseAbs().maxCoeff(), 1e-14);
    }
    EXPECT_NEAR(std::sqrt(cell->W.squaredNorm() / static_cast<double>(cell->W.size())), 0.01, 0.0005);
    EXPECT_TRUE(cell->b_W.isZero(0));
  }
  EXPECT_NE(encoder.layers[0].forward.U.topRows(40), encoder.layers[0].forward.U.bottomRows(40));
}

TEST(InitializeAsBahdanau, LetsAttentionBeginUniform) {
  heed::Attention<heed::AdditiveScorer<double>> attention{heed::AdditiveScorer<double>(30, 40, 50), {}};
  attention.scorer.v.setOnes();
  heed::Random random(79);
  heed::initialize_as_bahdanau(attention, random);
  EXPECT_TRUE(attention.scorer.v.isZero(0));
  for (const auto* x : {&attention.scorer.W, &attention.scorer.U}) {
    EXPECT_NEAR(std::sqrt(x->squaredNorm() / static_cast<double>(x->size())), 0.001, 0.00005);
  }
}

TEST(Initialize, DependsOnTheSeedAloneWhateverTheScalar) {
  heed::Linear<float> one(5, 4), two = one;
  heed::Linear<double> wide(5, 4);
  heed::Random a(71), b(72), c(71);
  heed::initialize(one, a);
  heed::initialize(two, b);
  heed::initialize(wide, c);
  EXPECT_GT(part_difference(one, two), 0.1);
  EXPECT_LE(part_difference(one, wide), 1e-7);
}
