#include <heed/cells/context_gru.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"
#include "support/prepacked.hpp"

#include <gtest/gtest.h>

namespace context_gru_test {

using heed::ContextGruCell;
using heed::GruCell;
using heed::Index;
using heed::Matrix;
using heed::Random;

constexpr Index words = 3, context = 2, inputs = words + context, hidden = 4;

struct Trial {
  Random random{11};
  ContextGruCell<double> cell{inputs, hidden, true, context};
  Matrix<double> x, s_prev;
  Trial() {
    randomize(cell, random);
    x = random_matrix(inputs, 3, random);
    s_prev = random_matrix(hidden, 3, random);
  }
};

TEST(ContextGruCell, MatchesGruIfContextIsEmpty) {
  Trial trial;
  GruCell<double> gru(inputs, hidden);
  copy_parameters(trial.cell, gru);
  EXPECT_GT(
      difference(typed::next_state(trial.cell, trial.x, trial.s_prev), typed::next_state(gru, trial.x, trial.s_prev)),
      0.01);
  trial.cell.context = 0;
  EXPECT_EQ(typed::next_state(trial.cell, trial.x, trial.s_prev), typed::next_state(gru, trial.x, trial.s_prev));
}

TEST(ContextGruCell, ClosedResetGateHidesContextFromCandidate) {
  Trial trial;
  trial.cell.W.edit().topRows(2 * hidden).rightCols(context).setZero();  // c reaches neither r nor z
  const Matrix<double> before = typed::next_state(trial.cell, trial.x, trial.s_prev);
  Matrix<double> other = trial.x;
  other.bottomRows(context).array() += 0.5;
  EXPECT_GT(difference(typed::next_state(trial.cell, other, trial.s_prev), before), 0.01);
  trial.cell.b_U.head(hidden).setConstant(-1000);  // r = 0
  EXPECT_EQ(typed::next_state(trial.cell, other, trial.s_prev), typed::next_state(trial.cell, trial.x, trial.s_prev));
}

TEST(ContextGruCell, SupportsInputInBlocks) {
  const Trial trial;
  Random random(13);
  const Matrix<double> d_a = random_matrix(trial.cell.gradient_size(), 3, random);
  Matrix<double> whole(trial.cell.saved_size(), 3), d_whole = Matrix<double>::Zero(inputs, 3);
  trial.cell.project(trial.x, whole);
  trial.cell.project_backward(d_a, 0, d_whole);
  auto grad_whole = heed::zeros_like(trial.cell);
  trial.cell.accumulate(trial.x, 0, d_a, grad_whole);
  for (const Index first : {1, 2, 3, 4}) {
    Matrix<double> saved(trial.cell.saved_size(), 3), d_x = Matrix<double>::Zero(inputs, 3);
    auto grad = heed::zeros_like(trial.cell);
    trial.cell.project(trial.x.topRows(first), saved);
    trial.cell.add_projection(trial.x.bottomRows(inputs - first), first, saved);
    for (const auto& [begin, rows] : {std::pair(Index{0}, first), std::pair(first, inputs - first)}) {
      trial.cell.project_backward(d_a, begin, d_x.middleRows(begin, rows));
      trial.cell.accumulate(trial.x.middleRows(begin, rows), begin, d_a, grad);
    }
    EXPECT_LE(difference(saved, whole), 1e-15) << first;
    EXPECT_LE(difference(d_x, d_whole), 1e-15) << first;
    EXPECT_LE(part_difference(grad, grad_whole), 1e-15) << first;
  }
}

TEST(ContextGruCell, HasBiasesIfAllOfTheInputIsContext) {
  Trial trial;
  trial.cell.context = inputs;
  Matrix<double> saved = Matrix<double>::Constant(trial.cell.saved_size(), 3, 77);
  trial.cell.project(Matrix<double>::Zero(inputs, 3), saved);
  EXPECT_EQ(saved.col(0).tail(hidden), trial.cell.b_W.tail(hidden));
  EXPECT_EQ(saved.col(0).segment(2 * hidden, hidden), trial.cell.b_U.tail(hidden));
}

TEST(ContextGruCell, PackedMatchesUnpacked) {
  Random random(17);
  ContextGruCell<float> cell(inputs, 20, true, context);
  randomize(cell, random);
  const auto packed = prepacked(cell);
  EXPECT_EQ(packed.context, context);
  const Matrix<float> x = random_matrix<float>(inputs, 3, random), s_prev = random_matrix<float>(20, 3, random);
  Matrix<float> saved(packed.saved_size(), 3), s(20, 3);
  packed.project(x, saved);
  packed.step(saved, s_prev, s);
  EXPECT_LE(difference(s, typed::next_state(cell, x, s_prev)), 1e-6);
}

}  // namespace context_gru_test
