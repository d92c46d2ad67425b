#pragma once

#include <heed/kernels/product.hpp>

namespace heed::inline v0_1::detail {

/// score_j = k_j' q: the match that the dot and general scorers share once the query is projected.
template <class S, int Size>
struct DotMatch {
  static void score(const In<S, Size>& projected, const In<S, Size>& keys, Out<S> scores) {
    for (Index i = 0; i < projected.cols(); ++i) {
      for (Index j = 0; j < keys.cols(); ++j) {
        scores(j, i) = dot(keys.col(j).data(), projected.col(i).data(), keys.rows());
      }
    }
  }

  static void score_backward(const In<S, Size>& projected, const In<S, Size>& keys, const In<S>& d_scores,
                             Out<S, Size> d_projected, Out<S, Size> d_keys) {
    for (Index i = 0; i < projected.cols(); ++i) {
      d_projected.col(i).noalias() += keys * d_scores.col(i);
      d_keys.noalias() += projected.col(i) * d_scores.col(i).transpose();
    }
  }
};

}  // namespace heed::inline v0_1::detail
