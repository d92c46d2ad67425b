#include <heed/cells/rnn.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rnn_test {

using heed::Dynamic;
using heed::Matrix;
using heed::RnnCell;

TEST(RnnCell, FixedSizesMatchDynamicSizes) {
  EXPECT_LE((typed::distance_from_dynamic<RnnCell<double, 3, 4>, RnnCell<double>>()), 1e-14);
}

TEST(RnnCell, DefaultConstructedHasFixedSizes) {
  const RnnCell<double, 3, 4> cell;
  EXPECT_EQ(cell.input_size(), 3);
  EXPECT_EQ(cell.hidden_size(), 4);
  EXPECT_EQ(heed::parameter_count(cell), 4 * (3 + 4 + 2));
  EXPECT_EQ(heed::parameter_count(RnnCell<double>()), 0);
}

TEST(RnnCell, LargeFixedSizesAreOnTheHeap) {
  EXPECT_LT((sizeof(RnnCell<float, 512, 512>)), 1024u);
  EXPECT_EQ((heed::parameter_count(RnnCell<float, 512, 512>())), 512 * (512 + 512 + 2));
}

TEST(RnnCell, NamesItsParameters) {
  std::vector<std::string> names;
  const auto collect = [&](const heed::ParameterName& name, const auto&) { names.push_back(name.str()); };
  RnnCell<double> cell(2, 3);
  heed::for_each_parameter(collect, cell);
  EXPECT_EQ(names, (std::vector<std::string>{"W", "U", "b_W", "b_U"}));
  names.clear();
  RnnCell<double> without(2, 3, false);
  heed::for_each_parameter(collect, without);
  EXPECT_EQ(names, (std::vector<std::string>{"W", "U"}));
}

TEST(RnnCell, ReluDoesNotBoundOutput) {
  RnnCell<double> bounded(1, 1);
  RnnCell<double, Dynamic, Dynamic, heed::Relu> open(1, 1);
  bounded.W.edit()(0, 0) = open.W.edit()(0, 0) = 3;
  const Matrix<double> s = Matrix<double>::Zero(1, 1), up = Matrix<double>::Constant(1, 1, 2), down = -up;
  EXPECT_EQ(typed::next_state(open, up, s)(0, 0), 6);
  EXPECT_EQ(typed::next_state(open, down, s)(0, 0), 0);
  EXPECT_DOUBLE_EQ(typed::next_state(bounded, up, s)(0, 0), std::tanh(6));
  EXPECT_DOUBLE_EQ(typed::next_state(bounded, down, s)(0, 0), std::tanh(-6));
}

}  // namespace rnn_test
