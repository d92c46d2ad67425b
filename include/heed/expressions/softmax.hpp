#pragma once

#include <Eigen/Core>

#include <cmath>

namespace heed { inline namespace v0_2 { namespace expr {

using Eigen::MatrixBase;

/// The softmax of each column, e^{score_j} / sum_k e^{score_k}: Bahdanau, Cho & Bengio 2015, equation 6. Returns a
/// matrix. A score of -inf has weight 0. A column that is all -inf, or that contains NaN or +inf, becomes NaN. Slow:
/// exp is called for each element, because the vectorised exp of Eigen 3.4 is not exactly 0 at -inf in double.
template <class Scores>
auto softmax(const MatrixBase<Scores>& scores) {
  using S = typename Scores::Scalar;
  using std::exp;
  auto weights = scores.eval();
  for (Eigen::Index i = 0; i < weights.cols() && weights.rows() > 0; ++i) {
    const S largest = weights.col(i).redux([](const S& a, const S& b) { return a < b ? b : a; });
    weights.col(i) = weights.col(i).unaryExpr([&](const S& score) { return S(exp(S(score - largest))); });
    weights.col(i) /= S(weights.col(i).sum());
  }
  return weights;
}

/// Contexts sum_j weights_j h_j: Bahdanau, Cho & Bengio 2015, equation 5. memory: size x T, weights: T x n.
template <class Memory, class Weights>
auto context(const MatrixBase<Memory>& memory, const MatrixBase<Weights>& weights) {
  return memory * weights;
}

}}}  // namespace heed::v0_2::expr
