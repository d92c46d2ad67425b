#include <heed/cells/any_cell.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace any_cell_test {

using heed::AnyCell;
using heed::Dynamic;
using heed::Matrix;
using heed::Random;

using Relu = heed::RnnCell<double, Dynamic, Dynamic, heed::Relu>;

template <class C>
double distance_from_held_cell(C cell = C(3, 4)) {
  Random random(11);
  randomize(cell, random);
  const AnyCell<double> any(cell);
  const Matrix<double> x = random_matrix(3, 2, random), s_prev = random_matrix(cell.state_size(), 2, random);
  const Matrix<double> d_s = random_matrix(cell.state_size(), 2, random);
  EXPECT_EQ(any.state_size(), cell.state_size());
  EXPECT_EQ(any.saved_size(), cell.saved_size());
  EXPECT_EQ(any.gradient_size(), cell.gradient_size());
  const typed::Gradients a(any, x, s_prev, d_s);
  const typed::Gradients b(cell, x, s_prev, d_s);
  return std::max({difference(typed::next_state(any, x, s_prev), typed::next_state(cell, x, s_prev)),
                   difference(a.x, b.x), difference(a.s_prev, b.s_prev),
                   part_difference(std::get<C>(a.parameters.cell), b.parameters)});
}

TEST(AnyCell, MatchesHeldCell) {
  EXPECT_EQ(distance_from_held_cell<heed::GruCell<double>>(), 0);
  EXPECT_EQ(distance_from_held_cell<heed::LstmCell<double>>(), 0);
  EXPECT_EQ(distance_from_held_cell<heed::RnnCell<double>>(), 0);
  EXPECT_EQ(distance_from_held_cell<Relu>(), 0);
  EXPECT_EQ((distance_from_held_cell<heed::GruCell<double, Dynamic, Dynamic, heed::gru_forms::cho>>()), 0);
  EXPECT_EQ(distance_from_held_cell<heed::LayerNormGruCell<double>>(), 0);
  EXPECT_EQ(distance_from_held_cell<heed::LayerNormLstmCell<double>>(), 0);
  EXPECT_EQ(distance_from_held_cell(heed::ProjectedLstmCell<double>(3, 6, 4)), 0);
}

TEST(AnyCell, PreservesParameterNames) {
  AnyCell<double> any(heed::LstmCell<double>(2, 3));
  std::vector<std::string> names;
  heed::for_each_parameter([&](const heed::ParameterName& name, auto&) { names.push_back(name.str()); }, any);
  EXPECT_EQ(names, (std::vector<std::string>{"W", "U", "b_W", "b_U"}));
}

TEST(AnyCell, CopiesAreIndependent) {
  AnyCell<double> any(heed::GruCell<double>(2, 3));
  AnyCell<double> copy = any;
  std::get<heed::GruCell<double>>(copy.cell).W.edit().setOnes();
  EXPECT_EQ(std::get<heed::GruCell<double>>(any.cell).W.values().sum(), 0);
  EXPECT_EQ(heed::squared_norm(copy), 18);
}

}  // namespace any_cell_test
