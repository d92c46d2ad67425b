#include <heed/cells/lstm.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lstm_test {

using heed::LstmCell;
using heed::Matrix;
using heed::Random;

/// The next state [h; c] of a cell of size 1 whose gates depend only on their biases.
Matrix<double> next(double i, double f, double g, double o, double c_prev) {
  LstmCell<double> cell(1, 1);
  cell.b_W << i, f, g, o;
  const Matrix<double> x = Matrix<double>::Zero(1, 1), s_prev = heed::Vector<double, 2>(0.3, c_prev);
  return typed::next_state(cell, x, s_prev);
}

constexpr double open = 1000, closed = -1000;

TEST(LstmCell, FixedSizesMatchDynamicSizes) {
  EXPECT_LE((typed::distance_from_dynamic<LstmCell<double, 3, 4>, LstmCell<double>>()), 1e-14);
}

TEST(LstmCell, LargeFixedSizesAreOnTheHeap) { EXPECT_LT((sizeof(LstmCell<float, 512, 512>)), 1024u); }

TEST(LstmCell, StacksGatesInPyTorchOrder) {
  EXPECT_EQ(next(closed, open, 1, open, 0.7)(1, 0), 0.7);                    // f keeps the previous c
  EXPECT_DOUBLE_EQ(next(open, closed, 1, open, 0.7)(1, 0), std::tanh(1.0));  // i selects g, which is a tanh
  EXPECT_DOUBLE_EQ(next(closed, open, 1, open, 0.7)(0, 0), std::tanh(0.7));  // o selects tanh(c)
  EXPECT_EQ(next(closed, open, 1, closed, 0.7)(0, 0), 0);                    // or hides it
  EXPECT_EQ(next(closed, open, 1, closed, 0.7)(1, 0), 0.7);
}

TEST(LstmCell, BackwardIncludesGradientOfCellState) {
  Random random(3);
  LstmCell<double> cell(3, 4);
  randomize(cell, random);
  const Matrix<double> x = random_matrix(3, 2, random), s_prev = random_matrix(8, 2, random);
  Matrix<double> d_s = Matrix<double>::Zero(8, 2);
  d_s.bottomRows(4).setOnes();
  const typed::Gradients d(cell, x, s_prev, d_s);
  EXPECT_GT(d.s_prev.bottomRows(4).minCoeff(), 0);                                 // d c / d c_prev = f
  EXPECT_EQ(d.parameters.W.values().bottomRows(4), (Matrix<double>::Zero(4, 3)));  // c does not pass through o
}

}  // namespace lstm_test
