#include <heed/cells/layer_norm.hpp>

#include <heed/cells/layer_norm_gru.hpp>
#include <heed/cells/layer_norm_lstm.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"
#include "support/prepacked.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace layer_norm_test {

using heed::LayerNormGruCell;
using heed::LayerNormLstmCell;
using heed::Matrix;
using heed::Random;

template <class C>
std::vector<std::string> names() {
  std::vector<std::string> result;
  C cell(2, 3);
  heed::for_each_parameter([&](const heed::ParameterName& name, auto&) { result.push_back(name.str()); }, cell);
  return result;
}

/// The largest difference between the next states of a small cell of fixed sizes and of its packed copy.
template <class C>
double distance_from_packed() {
  Random random(53);
  C cell(8, 8);
  randomize(cell, random);
  const auto packed = prepacked(cell);
  const Matrix<float> x = random_matrix<float>(8, 3, random);
  const Matrix<float> s_prev = random_matrix<float>(cell.state_size(), 3, random);
  Matrix<float> saved(packed.saved_size(), 3), s(cell.state_size(), 3);
  packed.project(x, saved);
  packed.step(saved, s_prev, s);
  return difference(s, typed::next_state(cell, x, s_prev));
}

/// The largest change of the next state if W and U are multiplied by these factors.
template <class C>
double change_when_scaled(double factor_W, double factor_U) {
  Random random(37);
  C cell(3, 16);
  randomize(cell, random, 4);  // the variances are far above epsilon
  const Matrix<double> x = random_matrix(3, 4, random), s_prev = random_matrix(cell.state_size(), 4, random);
  const Matrix<double> before = typed::next_state(cell, x, s_prev);
  cell.W.edit() *= factor_W;
  cell.U.edit() *= factor_U;
  return difference(typed::next_state(cell, x, s_prev), before);
}

TEST(LayerNormLstmCell, FixedSizesMatchDynamicSizes) {
  EXPECT_LE((typed::distance_from_dynamic<LayerNormLstmCell<double, 3, 4>, LayerNormLstmCell<double>>()), 1e-13);
}

TEST(LayerNormGruCell, FixedSizesMatchDynamicSizes) {
  EXPECT_LE((typed::distance_from_dynamic<LayerNormGruCell<double, 3, 4>, LayerNormGruCell<double>>()), 1e-13);
}

TEST(LayerNormLstmCell, PackedFixedSizesMatchUnpacked) {
  EXPECT_LE((distance_from_packed<LayerNormLstmCell<float, 8, 8>>()), 2e-6);
}

TEST(LayerNormGruCell, PackedFixedSizesMatchUnpacked) {
  EXPECT_LE((distance_from_packed<LayerNormGruCell<float, 8, 8>>()), 2e-6);
}

TEST(LayerNormLstmCell, NamesItsParameters) {
  EXPECT_EQ(names<LayerNormLstmCell<double>>(),
            (std::vector<std::string>{"W", "U", "b_W", "b_U", "gain_W", "gain_U", "gain_c", "b_c"}));
}

TEST(LayerNormGruCell, NamesItsParameters) {
  EXPECT_EQ(names<LayerNormGruCell<double>>(), (std::vector<std::string>{"W", "U", "b_W", "b_U", "gain_W", "gain_U"}));
}

TEST(LayerNormLstmCell, StartsWithGainsOfOne) {
  const LayerNormLstmCell<double> cell(2, 3);
  EXPECT_EQ(cell.gain_W, heed::Vector<double>::Ones(12));
  EXPECT_EQ(cell.gain_U, heed::Vector<double>::Ones(12));
  EXPECT_EQ(cell.gain_c, heed::Vector<double>::Ones(3));
}

TEST(LayerNormLstmCell, IsInvariantToScaleOfItsMatrices) {
  EXPECT_LE(change_when_scaled<LayerNormLstmCell<double>>(3, 0.5), 1e-4);
}

TEST(LayerNormGruCell, IsInvariantToScaleOfItsMatrices) {
  EXPECT_LE(change_when_scaled<LayerNormGruCell<double>>(3, 0.5), 1e-4);
}

TEST(LayerNormGruCell, NormalisesGatesTogetherAndCandidateAlone) {
  Random random(47);
  LayerNormGruCell<double> cell(3, 16);
  randomize(cell, random, 4);
  const Matrix<double> x = random_matrix(3, 4, random), s_prev = random_matrix(16, 4, random);
  const Matrix<double> before = typed::next_state(cell, x, s_prev);
  auto candidate = cell, update = cell;
  candidate.W.edit().bottomRows(16) *= 3;
  EXPECT_LE(difference(typed::next_state(candidate, x, s_prev), before), 1e-5);
  update.W.edit().middleRows(16, 16) *= 3;  // the shared normalisation makes r smaller
  EXPECT_GT(difference(typed::next_state(update, x, s_prev), before), 0.01);
}

TEST(LayerNormGruCell, UpdateGateSelectsNewState) {
  Random random(59);
  LayerNormGruCell<double> cell(3, 16);
  randomize(cell, random);
  const Matrix<double> x = random_matrix(3, 4, random), s_prev = random_matrix(16, 4, random, 9);
  auto keeps = cell, selects = cell;
  keeps.b_W.segment(16, 16).setConstant(-100);   // z is 0
  selects.b_W.segment(16, 16).setConstant(100);  // z is 1
  EXPECT_LE(difference(typed::next_state(keeps, x, s_prev), s_prev), 1e-15);
  const Matrix<double> fresh = typed::next_state(selects, x, s_prev);
  EXPECT_LE(fresh.array().abs().maxCoeff(), 1) << "the candidate is a tanh";
  auto other = cell;  // with 1 - z as z: h' = (1 - z) n + z h
  for (auto* const rows : {&other.gain_W, &other.gain_U, &other.b_W, &other.b_U}) rows->segment(16, 16) *= -1;
  const Matrix<double> sum = typed::next_state(cell, x, s_prev) + typed::next_state(other, x, s_prev);
  EXPECT_LE(difference(sum, fresh + s_prev), 1e-14) << "z and 1 - z are exchanged";
}

}  // namespace layer_norm_test
