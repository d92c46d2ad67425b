#pragma once

#include <heed/kernels/packets.hpp>
#include <heed/kernels/transposed_product.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// score_j = v' z_j with z_j = tanh(q + k_j + a_j) for one query, where a_j changes from query to query: then no
/// exponentials of keys can be kept, and a tile of all z is made.
template <class S>
struct TanhTile {
  /// Keys are matched as they are.
  static Index key_size(Index size) { return size; }
  static void finish_keys(const auto&, const auto&) {}

  /// The tile holds a (alignment x T) and becomes z. Overwrites scores.
  static void score(const In<S>& v, const In<S>& q, const In<S>& keys, Out<S> tile, Out<S> scores) {
    make(q, keys, tile);
    TransposedProduct<S>::set(tile.rows(), tile.cols(), 1, columns_of(tile), columns_of(v), columns_of(scores));
  }

  /// The tile holds a again and becomes dL/da, which is dL/dk. Adds to d_v, d_q and d_keys.
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
