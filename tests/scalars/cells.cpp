#include "support/autodiff.hpp"
#include "support/cell_runs.hpp"
#include "support/dual.hpp"
#include "support/oracles.hpp"

#include <gtest/gtest.h>

namespace cells_test {

using heed::Index;
using heed::Matrix;

/// A cell, an input and a state. The values are the same for every scalar type.
template <class Make>
struct Trial {
  using C = typename Make::Part;
  using S = typename C::Scalar;
  C cell = Make::make(true);
  Matrix<S> x, s_prev;

  Trial() {
    heed::Random random(71);
    heed::for_each_parameter(
        [&](const heed::ParameterName&, auto& p) { p = random_thirds<S>(p.rows(), p.cols(), random); }, cell);
    x = random_thirds<S>(cell.input_size(), 1, random);
    s_prev = random_thirds<S>(cell.state_size(), 1, random);
  }

  Index inputs() const { return x.size() + s_prev.size(); }
  Matrix<S> next(const Matrix<S>& x_, const Matrix<S>& s) const { return typed::next_state(cell, x_, s); }

  /// ds/dx beside ds/ds_prev.
  Matrix<S> jacobian_by_backward() const {
    Matrix<S> result(s_prev.size(), inputs());
    for (Index k = 0; k < s_prev.size(); ++k) {
      const Matrix<S> d_s = Matrix<S>::Identity(s_prev.size(), s_prev.size()).col(k);
      const typed::Gradients gradients(cell, x, s_prev, d_s);
      result.row(k) << gradients.x.transpose(), gradients.s_prev.transpose();
    }
    return result;
  }
};

template <class Line>
class CellOfAnyScalar : public testing::Test {};
TYPED_TEST_SUITE(CellOfAnyScalar, typed::EachCell);

TYPED_TEST(CellOfAnyScalar, LongDoubleMatchesOracle) {
  const Trial<typename TypeParam::template Make<long double>> trial;
  const auto expected = oracle::step(trial.cell, oracle::column(trial.x, 0), oracle::column(trial.s_prev, 0));
  EXPECT_LT(difference(trial.next(trial.x, trial.s_prev), oracle::matrix({expected})), 1e-18);
}

TYPED_TEST(CellOfAnyScalar, JacobianMatchesDualNumbers) {
  const Trial<typename TypeParam::template Make<Dual>> dual;
  Matrix<long double> exact(dual.s_prev.size(), dual.inputs());
  exact << typed::jacobian(dual.x, [&](const auto& x) { return dual.next(x, dual.s_prev); }),
      typed::jacobian(dual.s_prev, [&](const auto& s) { return dual.next(dual.x, s); });
  EXPECT_LT(difference(Trial<typename TypeParam::template Make<double>>().jacobian_by_backward(), exact), 1e-13);
  EXPECT_LT(difference(Trial<typename TypeParam::template Make<long double>>().jacobian_by_backward(), exact), 1e-17);
}

TYPED_TEST(CellOfAnyScalar, JacobianMatchesAutoDiffScalar) {
  const Trial<typename TypeParam::template Make<double>> plain;
  const Trial<typename TypeParam::template Make<AutoDiff>> trial;
  const Index n = plain.inputs();
  const auto next = trial.next(typed::variables(plain.x, n), typed::variables(plain.s_prev, n, plain.x.size()));
  EXPECT_LT(difference(plain.jacobian_by_backward(), typed::jacobian(next, n)), 1e-13);
}

}  // namespace cells_test
