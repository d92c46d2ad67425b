#include <heed/cells/gru_reset_before.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"
#include "support/prepacked.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace gru_reset_before_test {

using heed::Dynamic;
using heed::GruCell;
using heed::GruForm;
using heed::Index;
using heed::Matrix;
using heed::Random;
namespace gru_forms = heed::gru_forms;

constexpr Index hidden = 4;

using Before = GruCell<double, Dynamic, Dynamic, gru_forms::cho>;

struct Trial {
  Random random{5};
  Before cell{3, hidden};
  Matrix<double> x, s_prev;
  Trial() {
    randomize(cell, random);
    x = random_matrix(3, 2, random);
    s_prev = random_matrix(hidden, 2, random);
  }
  Matrix<double> next() const { return typed::next_state(cell, x, s_prev); }
  /// The next state of a cell with the same parameters that applies the reset gate after the product.
  Matrix<double> next_after() const {
    GruCell<double> after(3, hidden);
    after.W = cell.W;
    after.U.edit() << cell.U.values(), cell.U_n.values();
    after.b_W = cell.b_W;
    after.b_U = cell.b_U;
    return typed::next_state(after, x, s_prev);
  }
};

TEST(GruResetBefore, FixedSizesMatchDynamicSizes) {
  EXPECT_LE((typed::distance_from_dynamic<GruCell<double, 3, 4, gru_forms::cho>, Before>()), 1e-14);
  EXPECT_LE((typed::distance_from_dynamic<GruCell<double, 3, 4, gru_forms::bahdanau>,
                                          GruCell<double, Dynamic, Dynamic, gru_forms::bahdanau>>()),
            1e-14);
}

TEST(GruResetBefore, FixedSizesOfOneMatchDynamicSizes) {  // Eigen treats a matrix of one row as row-major
  EXPECT_LE((typed::distance_from_dynamic<GruCell<double, 1, 1, gru_forms::cho>, Before>(1, 1)), 1e-14);
}

TEST(GruResetBefore, PackedFixedSizesMatchUnpacked) {
  Random random(7);
  GruCell<float, 8, 16, gru_forms::bahdanau> cell(8, 16);
  randomize(cell, random);
  const auto packed = prepacked(cell);
  for (const Index n : {1, 3}) {
    const Matrix<float> x = random_matrix<float>(8, n, random), s_prev = random_matrix<float>(16, n, random);
    Matrix<float> saved(packed.saved_size(), n), s(16, n);
    packed.project(x, saved);
    packed.step(saved, s_prev, s);
    EXPECT_LE(difference(s, typed::next_state(cell, x, s_prev)), 1e-6);
  }
}

TEST(GruResetBefore, LargeFixedSizesAreOnTheHeap) {
  EXPECT_LT((sizeof(GruCell<float, 512, 512, gru_forms::cho>)), 1024u);
}

TEST(GruResetBefore, NamesItsParameters) {
  std::vector<std::string> names;
  Before cell(2, 3);
  heed::for_each_parameter([&](const heed::ParameterName& name, auto&) { names.push_back(name.str()); }, cell);
  EXPECT_EQ(names, (std::vector<std::string>{"W", "U", "U_n", "b_W", "b_U"}));
  EXPECT_EQ(heed::parameter_count(cell), heed::parameter_count(GruCell<double>(2, 3)));
}

TEST(GruResetBefore, MatchesResetAfterIfResetCommutes) {
  Trial trial;
  EXPECT_GT(difference(trial.next(), trial.next_after()), 0.01);
  // The reset gate is the same for all units, and the reset product has no bias.
  trial.cell.W.edit().topRows(hidden).setZero();
  trial.cell.U.edit().topRows(hidden).setZero();
  trial.cell.b_W.head(hidden).setConstant(0.3);
  trial.cell.b_U.head(hidden).setZero();
  trial.cell.b_U.tail(hidden).setZero();
  EXPECT_LE(difference(trial.next(), trial.next_after()), 1e-15);
}

TEST(GruResetBefore, ClosedResetGateHidesStateButNotBias) {
  Trial trial;
  trial.cell.b_W.segment(hidden, hidden).setConstant(-1000);  // h' = n
  trial.cell.b_U.head(hidden).setConstant(-1000);             // r = 0
  const Matrix<double> before = trial.next();
  trial.cell.U_n.edit().setOnes();
  EXPECT_EQ(trial.next(), before);
  trial.cell.b_U.tail(hidden).array() += 0.5;
  EXPECT_GT(difference(trial.next(), before), 0.01);
}

TEST(GruForm, SelectsMeaningOfUpdateGate) {
  const auto next = [](auto cell) {
    cell.b_W.segment(1, 1).setConstant(1000);  // z = 1
    cell.b_W.tail(1).setConstant(0.5);
    return typed::next_state(cell, Matrix<double>::Zero(1, 1), Matrix<double>::Constant(1, 1, 0.3))(0, 0);
  };
  const double candidate = std::tanh(0.5);
  EXPECT_EQ(next(GruCell<double>(1, 1)), 0.3);
  EXPECT_EQ(next(typed::Gru<double, gru_forms::keras_reset_before>(1, 1)), 0.3);
  EXPECT_DOUBLE_EQ(next(typed::Gru<double, GruForm{false, true}>(1, 1)), candidate);
  EXPECT_DOUBLE_EQ(next(typed::Gru<double, gru_forms::dynet>(1, 1)), candidate);
}

}  // namespace gru_reset_before_test
