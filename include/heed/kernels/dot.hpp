#pragma once

#include <heed/kernels/transposed_product.hpp>
#include <heed/kernels/weighted_sum.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// score_j = k_j' q: the score function of the dot and the general scorers, for a projected query q.
template <class S, int Size>
struct DotKernel {
  static void score(const In<S, Size>& projected, const In<S, Size>& keys, Out<S> scores) {
    eigen_assert(projected.rows() == keys.rows() && scores.rows() == keys.cols() && scores.cols() == projected.cols());
    TransposedProduct<S>::set(keys.rows(), keys.cols(), projected.cols(), columns_of(keys), columns_of(projected),
                              columns_of(scores));
  }

  static void score_backward(const In<S, Size>& projected, const In<S, Size>& keys, const In<S>& d_scores,
                             Out<S, Size> d_projected, Out<S, Size> d_keys) {
    const Index size = keys.rows(), cols = keys.cols(), n = projected.cols();
    eigen_assert(projected.rows() == size && d_scores.rows() == cols && d_scores.cols() == n);
    WeightedSum<S>::add(size, cols, n, columns_of(keys), columns_of(d_scores), columns_of(d_projected));
    WeightedSum<S>::backward(size, cols, n, columns_of(projected), columns_of(d_scores), columns_of(d_keys));
  }
};

}}}  // namespace heed::v0_2::detail
