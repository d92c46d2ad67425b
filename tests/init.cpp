#include <heed/cells/gru.hpp>
#include <heed/init.hpp>
#include <heed/layers/linear.hpp>

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
