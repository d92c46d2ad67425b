#include <heed/cells/gru.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace gru_test {

using heed::GruCell;
using heed::Matrix;
using heed::Random;

constexpr heed::Index hidden = 4;

struct Trial {
  Random random{5};
  GruCell<double> cell{3, hidden};
  Matrix<double> x, s_prev;
  Trial() {
    randomize(cell, random);
    x = random_matrix(3, 2, random);
    s_prev = random_matrix(hidden, 2, random);
  }
  Matrix<double> next() const { return typed::next_state(cell, x, s_prev); }
};

TEST(GruCell, FixedSizesMatchDynamicSizes) {
  EXPECT_LE((typed::distance_from_dynamic<GruCell<double, 3, 4>, GruCell<double>>()), 1e-14);
}

TEST(GruCell, FixedSizesMatchIfUpdateGateSelectsNew) {
  constexpr heed::GruForm selects_new{false, true};
  EXPECT_LE((typed::distance_from_dynamic<GruCell<double, 3, 4, selects_new>, typed::Gru<double, selects_new>>()),
            1e-14);
}

TEST(GruCell, FixedSizesOfOneMatchDynamicSizes) {  // Eigen treats a matrix of one row as row-major
  EXPECT_LE((typed::distance_from_dynamic<GruCell<double, 1, 1>, GruCell<double>>(1, 1)), 1e-14);
}

TEST(GruCell, LargeFixedSizesAreOnTheHeap) { EXPECT_LT((sizeof(GruCell<float, 512, 512>)), 1024u); }

TEST(GruCell, UpdateGateOfOneKeepsPreviousState) {
  Trial trial;
  trial.cell.b_W.segment(hidden, hidden).setConstant(1000);
  EXPECT_LE(difference(trial.next(), trial.s_prev), 1e-15);
  trial.cell.b_W.segment(hidden, hidden).setConstant(-1000);
  const Matrix<double> candidate = trial.next();
  trial.cell.b_U.head(hidden).setConstant(-1000);  // a closed reset gate hides the previous state from the candidate
  EXPECT_NE(trial.next(), candidate);
  const Matrix<double> with_closed_reset = trial.next();
  trial.s_prev.setZero();
  EXPECT_LE(difference(trial.next(), with_closed_reset), 1e-15);
}

TEST(GruCell, AppliesResetGateAfterProductAndBias) {
  Trial trial;
  trial.cell.b_W.segment(hidden, hidden).setConstant(-1000);  // h' = n
  trial.cell.b_U.head(hidden).setConstant(-1000);             // r = 0
  const Matrix<double> before = trial.next();
  trial.cell.b_U.tail(hidden).setConstant(0.5);  // multiplied by r, so it has no effect
  EXPECT_EQ(trial.next(), before);
  trial.cell.b_W.tail(hidden).array() += 0.5;  // not multiplied by r
  EXPECT_GT(difference(trial.next(), before), 0.01);
}

TEST(GruCell, CandidateBiasesHaveDifferentGradients) {
  const Trial trial;
  const typed::Gradients d(trial.cell, trial.x, trial.s_prev, Matrix<double>::Ones(hidden, 2));
  EXPECT_EQ(d.parameters.b_W.head(2 * hidden), d.parameters.b_U.head(2 * hidden));
  EXPECT_GT(difference(d.parameters.b_W.tail(hidden), d.parameters.b_U.tail(hidden)), 0.01);
}

}  // namespace gru_test
