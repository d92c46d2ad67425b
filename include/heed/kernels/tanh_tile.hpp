#pragma once

#include <heed/kernels/packets.hpp>
#include <heed/kernels/transposed_product.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// score_j = v' z_j with z_j = tanh(q + k_j + a_j) for one query.
///
/// a_j is the term of the earlier weights (coverage or convolutional scorer). It differs for every query and key, so
/// `ExponentialColumns` of the keys would not save exponentials. All z_j are computed in a matrix called the tile
/// (alignment x T).
template <class S>
struct TanhTile {
  /// Keys are used without conversion.
  static Index key_size(Index size) { return size; }
  static void finish_keys(const auto&, const auto&) {}

  /// `tile` (alignment x T) contains a on entry and z on return. Overwrites `scores` (T x 1).
  static void score(const In<S>& v, const In<S>& q, const In<S>& keys, Out<S> tile, Out<S> scores) {
    make(q, keys, tile);
    TransposedProduct<S>::set(tile.rows(), tile.cols(), 1, columns_of(tile), columns_of(v), columns_of(scores));
  }

  /// `tile` contains a on entry, as for `score`, and dL/da, which equals dL/dk, on return. Accumulates into d_v, d_q
  /// and d_keys.
  static void score_backward(const In<S>& v, const In<S>& q, const In<S>& keys, const In<S>& d_scores, Out<S> tile,
                             Out<S> d_v, Out<S> d_q, Out<S> d_keys) {
    make(q, keys, tile);
    for (Index j = 0; j < tile.cols(); ++j) {
      auto z = tile.col(j).array();
      const S d = d_scores(j, 0);
      d_v.array() += d * z;                     // was: score = v' z
      z = d * v.array() * (S(1) - z.square());  // was: z = tanh(.)
      d_q.array() += z;                         // was: q + k + a
      d_keys.col(j).array() += z;               // was: q + k + a
    }
  }

 private:
  static void make(const In<S>& q, const In<S>& keys, Out<S> tile) {
    for (Index j = 0; j < tile.cols(); ++j) tile.col(j) += q + keys.col(j);
    transform(tile, [](const auto& x) { return tanh(x); });
  }
};

}}}  // namespace heed::v0_2::detail
