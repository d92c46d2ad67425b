#pragma once

#include <heed/kernels/packets.hpp>

namespace heed::inline v0_1::detail {

/// v' tanh(q + k) of one query and one key as they are, number by number: for scalars without packets, and where
/// exponentials do not reach.
template <class S>
struct TanhMatch {
  Index size;
  const S* v;
  const S* q;
  const S* key;
  bool exponentials;  ///< whether the key is kept as e^{2k}

  S score() const {
    namespace ei = Eigen::internal;
    auto sum = constant(S(0));
    for_each_packet<S>(size, [&](const auto& io, Index k) { sum = ei::pmadd(io.load(v + k), z(io, k), sum); });
    return ei::predux(sum);
  }

  /// Adds to the three gradients, given that of the score.
  void backward(S d_score, S* d_v, S* d_q, S* d_key) const {
    namespace ei = Eigen::internal;
    const auto d = constant(d_score), one = constant(S(1));
    for_each_packet<S>(size, [&](const auto& io, Index k) {
      const auto y = z(io, k);
      io.store(d_v + k, ei::pmadd(d, y, io.load(d_v + k)));  // was: score = v' z
      const auto d_sum = ei::pmul(ei::pmul(d, io.load(v + k)), ei::psub(one, ei::pmul(y, y)));
      io.store(d_key + k, ei::padd(io.load(d_key + k), d_sum));  // was: z = tanh(q + k)
      io.store(d_q + k, ei::padd(io.load(d_q + k), d_sum));      // was: z = tanh(q + k)
    });
  }

 private:
  template <class Io>
  Packet<S> z(const Io& io, Index k) const {
    namespace ei = Eigen::internal;
    Packet<S> x = io.load(key + k);
    if (exponentials) x = ei::pmul(constant(S(0.5)), log_of<S>(x));
    return tanh_of<S>(ei::padd(io.load(q + k), x));
  }
};

}  // namespace heed::inline v0_1::detail
