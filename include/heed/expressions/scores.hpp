#pragma once

#include <Eigen/Core>

#include <cmath>

namespace heed { inline namespace v0_2 {

/// The equations of the papers as Eigen expressions, for any scalar. A column is one item: n queries, T memory columns.
/// A function returns a matrix or an unevaluated expression, which refers to its arguments: with a temporary argument,
/// `auto x = dot_scores(query, MatrixXd(h))` dangles. Sizes are checked by `eigen_assert`.
namespace expr {

using Eigen::MatrixBase;

/// h_j' q: dot scores of Luong, Pham & Manning 2015, section 3.1. query: size x n, memory: size x T. A product, T x n.
template <class Query, class Memory>
auto dot_scores(const MatrixBase<Query>& query, const MatrixBase<Memory>& memory) {
  return memory.transpose() * query;
}

/// h_j' q / sqrt(size): scaled dot scores of Vaswani et al. 2017, equation 1. Returns an unevaluated expression, T x n.
template <class Query, class Memory>
auto scaled_dot_scores(const MatrixBase<Query>& query, const MatrixBase<Memory>& memory) {
  using S = typename Query::Scalar;
  return dot_scores(query, memory) / S(std::sqrt(static_cast<typename Eigen::NumTraits<S>::Literal>(query.rows())));
}

/// q' W h_j: general scores of Luong, Pham & Manning 2015, section 3.1. W: query x memory. A product, T x n.
template <class Query, class Memory, class MatrixW>
auto general_scores(const MatrixBase<Query>& query, const MatrixBase<Memory>& memory, const MatrixBase<MatrixW>& W) {
  return memory.transpose() * (W.transpose() * query);
}

/// v' tanh(W q + U h_j): additive scores of Bahdanau, Cho & Bengio 2015, section A.1.2. W: alignment x query,
/// U: alignment x memory. Returns a matrix, T x n. Slow: Eigen 3.4 vectorises tanh for float only, after `eval()`.
template <class Query, class Memory, class MatrixW, class MatrixU, class VectorV>
auto additive_scores(const MatrixBase<Query>& query, const MatrixBase<Memory>& memory, const MatrixBase<MatrixW>& W,
                     const MatrixBase<MatrixU>& U, const MatrixBase<VectorV>& v) {
  using Scores = Eigen::Matrix<typename Query::Scalar, Memory::ColsAtCompileTime, Query::ColsAtCompileTime>;
  const auto keys = (U * memory).eval();
  Scores scores(memory.cols(), query.cols());
  for (Eigen::Index i = 0; i < query.cols(); ++i) {
    scores.col(i) = (keys.colwise() + W * query.col(i)).eval().array().tanh().matrix().transpose() * v;
  }
  return scores;
}

/// v' tanh(W [q; h_j]): concat scores, Luong, Pham & Manning 2015, section 3.1. W: alignment x (query + memory).
template <class Query, class Memory, class MatrixW, class VectorV>
auto concat_scores(const MatrixBase<Query>& query, const MatrixBase<Memory>& memory, const MatrixBase<MatrixW>& W,
                   const MatrixBase<VectorV>& v) {
  return additive_scores(query, memory, W.leftCols(query.rows()), W.rightCols(memory.rows()), v);
}

}  // namespace expr
}}  // namespace heed::v0_2
