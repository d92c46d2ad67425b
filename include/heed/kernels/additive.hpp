#pragma once

#include <heed/kernels/packets.hpp>

namespace heed::inline v0_1::detail {

/// score_j = v' z_j with z_j = tanh(q + k_j): the match that the additive and concat scorers share.
template <class S, int Size>
struct AdditiveMatch {
  static void score(const Vector<S, Size>& v, const In<S, Size>& projected, const In<S, Size>& keys, Out<S> scores) {
    namespace ei = Eigen::internal;
    for (Index i = 0; i < projected.cols(); ++i) {
      const S* const q = projected.col(i).data();
      for (Index j = 0; j < keys.cols(); ++j) {
        const S* const key = keys.col(j).data();
        auto sum = constant(S(0));
        for_each_packet<S>(keys.rows(), [&](const auto& io, Index k) {
          const auto z = tanh_of<S>(ei::padd(io.load(q + k), io.load(key + k)));
          sum = ei::pmadd(io.load(v.data() + k), z, sum);
        });
        scores(j, i) = ei::predux(sum);
      }
    }
  }

  /// Recomputes z rather than keeping it for every step of every sentence.
  static void score_backward(const Vector<S, Size>& v, const In<S, Size>& projected, const In<S, Size>& keys,
                             const In<S>& d_scores, Vector<S, Size>& d_v, Out<S, Size> d_projected,
                             Out<S, Size> d_keys) {
    namespace ei = Eigen::internal;
    const auto one = constant(S(1));
    for (Index i = 0; i < projected.cols(); ++i) {
      const S* const q = projected.col(i).data();
      S* const d_q = d_projected.col(i).data();
      for (Index j = 0; j < keys.cols(); ++j) {
        const S* const key = keys.col(j).data();
        S* const d_key = d_keys.col(j).data();
        const auto d = constant(S(d_scores(j, i)));
        for_each_packet<S>(keys.rows(), [&](const auto& io, Index k) {
          const auto z = tanh_of<S>(ei::padd(io.load(q + k), io.load(key + k)));
          S* const d_vk = d_v.data() + k;
          io.store(d_vk, ei::pmadd(d, z, io.load(d_vk)));  // was: score = v' z
          const auto d_sum = ei::pmul(ei::pmul(d, io.load(v.data() + k)), ei::psub(one, ei::pmul(z, z)));
          io.store(d_key + k, ei::padd(io.load(d_key + k), d_sum));  // was: z = tanh(q + k)
          io.store(d_q + k, ei::padd(io.load(d_q + k), d_sum));      // was: z = tanh(q + k)
        });
      }
    }
  }
};

}  // namespace heed::inline v0_1::detail
