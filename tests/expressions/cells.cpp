#include <heed/expressions/cells.hpp>

#include <heed/cells/gru_reset_before.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/cells/rnn.hpp>

#include "support/cell_runs.hpp"
#include "support/expressions.hpp"
#include "support/oracles.hpp"

#include <gtest/gtest.h>

namespace cells_test {

using heed::Index;
using heed::Matrix;
using namespace expressions;

/// Compares one step, for one and for three sentences, with scalar loops and with the cell.
template <class C, class Step>
void expect_step(C cell, const Step& step) {
  using S = typename C::Scalar;
  heed::Random random(1);
  randomize(cell, random);
  for (const Index n : {1, 3}) {
    const Matrix<S> x = random_matrix<S>(cell.input_size(), n, random);
    const Matrix<S> before = random_matrix<S>(cell.state_size(), n, random);
    const Matrix<S> after = step(cell, x, before);
    EXPECT_LE(difference(after, typed::next_state(cell, x, before)), tolerance<S>);
    std::vector<oracle::Column> expected;
    for (Index i = 0; i < n; ++i) {
      expected.push_back(oracle::step(cell, oracle::column(x, i), oracle::column(before, i)));
    }
    EXPECT_LE(difference(after, oracle::matrix(expected)), tolerance<S>);
  }
}

template <class S, heed::GruForm Form>
using Gru = heed::GruCell<S, heed::Dynamic, heed::Dynamic, Form>;

template <class S>
class CellExpressions : public testing::Test {};
TYPED_TEST_SUITE(CellExpressions, Scalars);

TYPED_TEST(CellExpressions, SigmoidMatchesItsEquation) {
  heed::Vector<TypeParam> a(5);
  a << TypeParam(-80), TypeParam(-1), 0, 2, TypeParam(80);
  const heed::Vector<TypeParam> found = heed::expr::sigmoid(a.array());
  for (Index k = 0; k < a.size(); ++k) {
    EXPECT_NEAR(static_cast<double>(found(k)), static_cast<double>(oracle::sigmoid(a(k))), tolerance<TypeParam>);
  }
}

TYPED_TEST(CellExpressions, RnnMatchesLoopsAndCell) {
  expect_step(heed::RnnCell<TypeParam>(3, 4), [](auto& cell, auto& x, auto& h) {
    return heed::expr::rnn_step(x, h, cell.W.values(), cell.U.values(), cell.b_W, cell.b_U);
  });
}

TYPED_TEST(CellExpressions, LstmMatchesLoopsAndCell) {
  expect_step(heed::LstmCell<TypeParam>(3, 4), [](auto& cell, auto& x, auto& s) {
    return heed::expr::lstm_step(x, s, cell.W.values(), cell.U.values(), cell.b_W, cell.b_U);
  });
}

TYPED_TEST(CellExpressions, GruMatchesLoopsAndCell) {
  expect_step(heed::GruCell<TypeParam>(3, 4), [](auto& cell, auto& x, auto& h) {
    return heed::expr::gru_step(x, h, cell.W.values(), cell.U.values(), cell.b_W, cell.b_U);
  });
}

TYPED_TEST(CellExpressions, ResetBeforeGruMatchesLoopsAndCell) {
  expect_step(Gru<TypeParam, heed::gru_forms::cho>(3, 4), [](auto& cell, auto& x, auto& h) {
    return heed::expr::gru_reset_before_step(x, h, cell.W.values(), cell.U.values(), cell.U_n.values(), cell.b_W,
                                             cell.b_U);
  });
  expect_step(Gru<TypeParam, heed::gru_forms::bahdanau>(3, 4), [](auto& cell, auto& x, auto& h) {
    return heed::expr::gru_reset_before_step(x, h, cell.W.values(), cell.U.values(), cell.U_n.values(), cell.b_W,
                                             cell.b_U, true);
  });
}

TEST(CellExpressions, SupportExpressionsAndFixedSizes) {
  heed::Random random(2);
  heed::LstmCell<double, 3, 2> cell;
  randomize(cell, random);
  const Eigen::Vector3d x = random_matrix(3, 1, random);
  const Eigen::Vector4d before = random_matrix(4, 1, random);
  const auto after =
      heed::expr::lstm_step(2 * x - x, (before + before) / 2, cell.W.values(), cell.U.values(), cell.b_W, cell.b_U);
  static_assert(decltype(heed::expr::lstm_step(x, before, cell.W.values(), cell.U.values(), cell.b_W,
                                               cell.b_U))::SizeAtCompileTime == 4);
  EXPECT_LE(difference(after, typed::next_state(cell, x, before)), 1e-14);
}

TEST(CellExpressions, SupportInPlaceUpdate) {
  heed::Random random(3);
  heed::GruCell<double> cell(3, 4);
  randomize(cell, random);
  const Matrix<double> x = random_matrix(3, 2, random);
  Matrix<double> h = random_matrix(4, 2, random);
  const Matrix<double> expected = typed::next_state(cell, x, h);
  h = heed::expr::gru_step(x, h, cell.W.values(), cell.U.values(), cell.b_W, cell.b_U);
  EXPECT_LE(difference(h, expected), 1e-14);
}

}  // namespace cells_test
