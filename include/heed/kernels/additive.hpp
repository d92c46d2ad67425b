#pragma once

#include <heed/math.hpp>

#include <algorithm>

namespace heed::inline v0_1::detail {

/// score_j = v' z_j with z_j = tanh(q + k_j): the match that the additive and concat scorers share.
///
/// The tanh of a few keys at a time is evaluated into a tile that stays in the first-level cache: written as one
/// expression, `v' * tanh(...)`, Eigen 3.4 would evaluate it number by number, twenty times slower.
template <class S, int Size>
struct AdditiveMatch {
  static constexpr Index tile_columns = 16;

  static void score(const Vector<S, Size>& v, const In<S, Size>& projected, const In<S, Size>& keys, Out<S> scores,
                    Buffer<S>& scratch) {
    for_each_tile(projected, keys, scratch, [&](Index i, Index j, const auto& z) {
      scores.col(i).segment(j, z.cols()).noalias() = z.transpose() * v;
    });
  }

  /// Recomputes z rather than keeping it for every step of every sentence.
  static void score_backward(const Vector<S, Size>& v, const In<S, Size>& projected, const In<S, Size>& keys,
                             const In<S>& d_scores, Vector<S, Size>& d_v, Out<S, Size> d_projected, Out<S, Size> d_keys,
                             Buffer<S>& scratch) {
    for_each_tile(projected, keys, scratch, [&](Index i, Index j, auto& z) {
      const auto d = d_scores.col(i).segment(j, z.cols());
      d_v.noalias() += z * d;  // was: score = v' z
      for (Index k = 0; k < z.cols(); ++k) {
        z.col(k).array() = d(k) * v.array() * (S(1) - z.col(k).array().square());  // was: z = tanh(q + k)
        d_keys.col(j + k) += z.col(k);
        d_projected.col(i) += z.col(k);
      }
    });
  }

 private:
  /// Calls use(i, j, z) with z = tanh(q_i + keys j, j + 1, ...) for every query i and every tile of keys.
  template <class Use>
  static void for_each_tile(const In<S, Size>& projected, const In<S, Size>& keys, Buffer<S>& scratch, Use&& use) {
    scratch.resize(keys.rows(), tile_columns);
    for (Index i = 0; i < projected.cols(); ++i) {
      for (Index j = 0; j < keys.cols(); j += tile_columns) {
        auto z = scratch.leftCols(std::min(tile_columns, keys.cols() - j));
        z = keys.middleCols(j, z.cols()).colwise() + projected.col(i);
        Tanh::forward(z);
        use(i, j, z);
      }
    }
  }
};

}  // namespace heed::inline v0_1::detail
