#include <heed/cells/cell.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cell_test {

using heed::Index;
using heed::Matrix;
using heed::Random;
using typed::Gradients;
using typed::next_state;

/// The cell of entry `At` of the typed list with random parameters, and inputs for n columns.
template <class At, class S = double>
struct Trial {
  using C = typename At::template Make<S>::Part;
  Random random{41};
  C cell;
  Matrix<S> x, s_prev, d_s;

  explicit Trial(Index n, bool bias = true) : cell(At::template Make<S>::make(bias)) {
    randomize(cell, random);
    x = random_matrix<S>(cell.input_size(), n, random);
    s_prev = random_matrix<S>(cell.state_size(), n, random);
    d_s = random_matrix<S>(cell.state_size(), n, random);
  }
};

template <class At, class S>
double distance_from_paper(Index n, bool bias) {
  const Trial<At, S> trial(n, bias);
  std::vector<oracle::Column> expected;
  for (Index j = 0; j < n; ++j) {
    expected.push_back(oracle::step(trial.cell, oracle::column(trial.x, j), oracle::column(trial.s_prev, j)));
  }
  return difference(next_state(trial.cell, trial.x, trial.s_prev), oracle::matrix(expected));
}

template <class At>
class Cell : public testing::Test {};
TYPED_TEST_SUITE(Cell, typed::EachCell);

TYPED_TEST(Cell, SatisfiesConceptForFloatAndDouble) {
  static_assert(heed::Cell<typename Trial<TypeParam>::C>);
  static_assert(heed::Cell<typename Trial<TypeParam, float>::C>);
  const Trial<TypeParam> trial(1);
  EXPECT_EQ(trial.cell.input_size(), typed::input);
  EXPECT_EQ(trial.cell.hidden_size(), typed::hidden);
}

TYPED_TEST(Cell, MatchesPaperEquation) {
  for (const Index n : {1, 5}) {
    for (const bool bias : {true, false}) {
      EXPECT_LE((distance_from_paper<TypeParam, double>(n, bias)), 1e-15) << n << " columns, bias " << bias;
      EXPECT_LE((distance_from_paper<TypeParam, float>(n, bias)), 1e-6) << n << " columns, bias " << bias;
    }
  }
}

TYPED_TEST(Cell, HasAllOtherParametersWithoutBias) {
  std::vector<std::string> with, without;
  for (const bool bias : {true, false}) {
    const Trial<TypeParam> trial(1, bias);
    heed::for_each_parameter(
        [&](const heed::ParameterName& name, const auto&) {
          if (!bias) without.push_back(name.str());
          if (bias && !name.leaf().starts_with('b')) with.push_back(name.str());
        },
        trial.cell);
    EXPECT_EQ(trial.cell.has_bias(), bias);
  }
  EXPECT_EQ(with, without);
}

TYPED_TEST(Cell, ProjectionOfBlocksMatchesWholeInput) {
  const Trial<TypeParam> trial(5);
  Matrix<double> whole(trial.cell.saved_size(), 5), blocks(trial.cell.saved_size(), 5);
  whole.setZero();  // `project` does not write all rows
  blocks.setZero();
  trial.cell.project(trial.x, whole);
  trial.cell.project(trial.x.topRows(1), blocks);
  trial.cell.add_projection(trial.x.bottomRows(2), 1, blocks);
  EXPECT_LE(difference(blocks, whole), 1e-15);
}

TYPED_TEST(Cell, GradientsOfBlocksMatchWholeInput) {
  const Trial<TypeParam> trial(5);
  Random random(7);
  const Matrix<double> d_a = random_matrix(trial.cell.gradient_size(), 5, random);
  auto whole = heed::zeros_like(trial.cell), blocks = whole;
  Matrix<double> d_x = Matrix<double>::Zero(typed::input, 5), d_blocks = d_x;
  trial.cell.accumulate(trial.x, 0, d_a, whole);
  trial.cell.project_backward(d_a, 0, d_x);
  for (const Index first : {0, 1}) {
    const Index rows = first == 0 ? 1 : 2;
    trial.cell.accumulate(trial.x.middleRows(first, rows), first, d_a, blocks);
    trial.cell.project_backward(d_a, first, d_blocks.middleRows(first, rows));
  }
  EXPECT_LE(part_difference(blocks, whole), 1e-15);
  EXPECT_LE(difference(d_blocks, d_x), 1e-15);
}

TYPED_TEST(Cell, GradientsMatchCentralDifferences) {
  for (const bool bias : {true, false}) {
    Trial<TypeParam> trial(5, bias);
    const auto loss = [&] { return next_state(trial.cell, trial.x, trial.s_prev).cwiseProduct(trial.d_s).sum(); };
    const Gradients d(trial.cell, trial.x, trial.s_prev, trial.d_s);
    auto check = heed::check_gradients(trial.cell, d.parameters, loss);
    heed::check_gradient("x", trial.x, d.x, loss, check);
    heed::check_gradient("s_prev", trial.s_prev, d.s_prev, loss, check);
    EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place << ": " << check.analytic << ", not "
                                 << check.numeric;
    EXPECT_EQ(check.checked, heed::parameter_count(trial.cell) + trial.x.size() + trial.s_prev.size());
  }
}

TYPED_TEST(Cell, AccumulatesGradients) {
  const Trial<TypeParam> trial(5);
  const Gradients from_zero(trial.cell, trial.x, trial.s_prev, trial.d_s);
  auto twice = from_zero;
  twice.s_prev = trial.d_s;
  twice.add(trial.cell, trial.x, trial.s_prev);
  auto doubled = from_zero.parameters;
  heed::scale(doubled, 2.0);
  EXPECT_LE(part_difference(twice.parameters, doubled), 1e-14);
  EXPECT_LE(difference(twice.x, 2 * from_zero.x), 1e-14);
}

TYPED_TEST(Cell, FloatGradientsMatchDouble) {
  const Trial<TypeParam> wide(5);
  Trial<TypeParam, float> narrow(5);
  copy_parameters(wide.cell, narrow.cell);
  const Gradients d(wide.cell, wide.x, wide.s_prev, wide.d_s);
  const Gradients f(narrow.cell, wide.x.template cast<float>(), wide.s_prev.template cast<float>(),
                    wide.d_s.template cast<float>());
  EXPECT_LE(part_difference(f.parameters, d.parameters), 1e-5);
  EXPECT_LE(difference(f.x, d.x), 1e-5);
  EXPECT_LE(difference(f.s_prev, d.s_prev), 1e-5);
}

}  // namespace cell_test
