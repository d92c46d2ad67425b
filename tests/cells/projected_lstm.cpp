#include <heed/cells/projected_lstm.hpp>

#include <heed/cells/lstm.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"
#include "support/prepacked.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace projected_lstm_test {

using heed::Matrix;
using heed::ProjectedLstmCell;
using heed::Random;

TEST(ProjectedLstmCell, FixedSizesMatchDynamicSizes) {
  Random random(29);
  ProjectedLstmCell<double, 3, 7, 4> fixed;
  ProjectedLstmCell<double> sized(3, 7, 4);
  randomize(fixed, random);
  copy_parameters(fixed, sized);
  const Matrix<double> x = random_matrix(3, 5, random), s_prev = random_matrix(11, 5, random);
  const Matrix<double> d_s = random_matrix(11, 5, random);
  EXPECT_LE(difference(typed::next_state(fixed, x, s_prev), typed::next_state(sized, x, s_prev)), 1e-14);
  const typed::Gradients a(fixed, x, s_prev, d_s);
  const typed::Gradients b(sized, x, s_prev, d_s);
  EXPECT_LE(difference(a.x, b.x), 1e-14);
  EXPECT_LE(difference(a.s_prev, b.s_prev), 1e-14);
  EXPECT_LE(part_difference(a.parameters, b.parameters), 1e-14);
}

TEST(ProjectedLstmCell, PackedFixedSizesMatchUnpacked) {
  Random random(37);
  ProjectedLstmCell<float, 8, 16, 8> cell;
  randomize(cell, random);
  const auto packed = prepacked(cell);
  for (const heed::Index n : {1, 3}) {
    const Matrix<float> x = random_matrix<float>(8, n, random), s_prev = random_matrix<float>(24, n, random);
    Matrix<float> saved(packed.saved_size(), n), s(24, n);
    packed.project(x, saved);
    packed.step(saved, s_prev, s);
    EXPECT_LE(difference(s, typed::next_state(cell, x, s_prev)), 2e-6);
  }
}

TEST(ProjectedLstmCell, LargeFixedSizesAreOnTheHeap) {
  EXPECT_LT((sizeof(ProjectedLstmCell<float, 512, 512, 512>)), 1024u);
}

TEST(ProjectedLstmCell, ReturnsSizesOfOutputUnitsAndState) {
  const ProjectedLstmCell<double> cell(3, 7, 4);
  EXPECT_EQ(cell.hidden_size(), 4);
  EXPECT_EQ(cell.units(), 7);
  EXPECT_EQ(cell.state_size(), 11);
}

TEST(ProjectedLstmCell, NamesItsParameters) {
  std::vector<std::string> names;
  ProjectedLstmCell<double> cell(2, 5, 3);
  heed::for_each_parameter([&](const heed::ParameterName& name, auto&) { names.push_back(name.str()); }, cell);
  EXPECT_EQ(names, (std::vector<std::string>{"W", "U", "P", "b_W", "b_U"}));
  EXPECT_EQ(heed::parameter_count(cell), 4 * 5 * (2 + 3 + 2) + 3 * 5);
}

TEST(ProjectedLstmCell, MatchesLstmIfProjectionIsIdentity) {
  Random random(31);
  heed::LstmCell<double> plain(3, 4);
  randomize(plain, random);
  ProjectedLstmCell<double> projected(3, 4, 4);
  projected.W = plain.W;
  projected.U = plain.U;
  projected.P.edit().setIdentity();
  projected.b_W = plain.b_W;
  projected.b_U = plain.b_U;
  const Matrix<double> x = random_matrix(3, 2, random), s_prev = random_matrix(8, 2, random);
  EXPECT_LE(difference(typed::next_state(projected, x, s_prev), typed::next_state(plain, x, s_prev)), 1e-15);
}

}  // namespace projected_lstm_test
