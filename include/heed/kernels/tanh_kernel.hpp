#pragma once

#include <heed/kernels/packets.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// v' tanh(q + k) for one query and one key, computed with tanh.
///
/// Used for scalar types without packets, and if the query or the key is a plain column of `ExponentialColumns`, that
/// is, not stored as exponentials.
template <class S>
struct TanhKernel {
  Index size;
  const S* v;
  const S* q;
  const S* key;
  bool exponentials;  ///< true if the key is stored as e^{2k}

  S score() const {
    auto sum = Numbers<S>::all(S(0));
    for_each_packet<S>(size, [&](const auto& io, Index k) { sum = multiply_add(io.load(v + k), z(io, k), sum); });
    return sum_of(sum);
  }

  /// Accumulates into the gradients d_v, d_q and d_key. d_score is the gradient with respect to the score.
  void backward(S d_score, S* d_v, S* d_q, S* d_key) const {
    const auto d = Numbers<S>::all(d_score);
    for_each_packet<S>(size, [&](const auto& io, Index k) {
      const auto y = z(io, k);
      io.store(d_v + k, multiply_add(d, y, io.load(d_v + k)));  // was: score = v' z
      const auto d_sum = d * io.load(v + k) * (1 - y * y);
      io.store(d_key + k, io.load(d_key + k) + d_sum);  // was: z = tanh(q + k)
      io.store(d_q + k, io.load(d_q + k) + d_sum);      // was: z = tanh(q + k)
    });
  }

 private:
  template <class Io>
  Numbers<S> z(const Io& io, Index k) const {
    auto x = io.load(key + k);
    if (exponentials) x = S(0.5) * log(x);
    return tanh(io.load(q + k) + x);
  }
};

}}}  // namespace heed::v0_2::detail
