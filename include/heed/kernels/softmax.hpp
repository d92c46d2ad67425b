#pragma once

#include <heed/kernels/packets.hpp>

namespace heed::inline v0_1::detail {

/// A column of n > 0 scores on its way to being a softmax, a packet at a time. The last packet, where it is not full,
/// stays in a register, filled with what changes nothing.
template <class S>
class SoftmaxColumn {
 public:
  SoftmaxColumn(const S* scores, Index n) : n_(n), whole_(n - n % packet_size<S>), scores_(scores) {
    if (whole_ < n_) last_ = part().load(scores_ + whole_, S(Limits<S>::lowest()));
  }

  S largest() const {
    namespace ei = Eigen::internal;
    Packet<S> most = whole_ < n_ ? last_ : ei::ploadu<Packet<S>>(scores_);
    for (Index k = 0; k < whole_; k += packet_size<S>) most = ei::pmax(most, ei::ploadu<Packet<S>>(scores_ + k));
    return largest_of<S>(most);
  }

  /// e^{score - highest}, 0 where that is below the smallest normal number, to `out`, which may be the scores; their
  /// sum.
  S exponentials(S highest, S* out) const {
    Packet<S> last;
    const S sum = exponentials(highest, out, last);
    if (whole_ < n_) part().store(out + whole_, last);
    return sum;
  }

  /// Their sum alone.
  S sum_of_exponentials(S highest) const {
    Packet<S> last;
    return exponentials(highest, static_cast<S*>(nullptr), last);
  }

  /// The softmax, where the scores are.
  void normalise(S* scores) const {
    namespace ei = Eigen::internal;
    Packet<S> last;
    const Packet<S> sum = constant(exponentials(largest(), scores, last));
    for (Index k = 0; k < whole_; k += packet_size<S>) {
      ei::pstoreu(scores + k, ei::pdiv(ei::ploadu<Packet<S>>(scores + k), sum));
    }
    if (whole_ < n_) part().store(scores + whole_, ei::pdiv(last, sum));
  }

 private:
  PartPacket<S> part() const { return {n_ - whole_}; }

  /// Written to `out` unless that is null, but for those of the last packet where it is not full.
  S exponentials(S highest, S* out, Packet<S>& last) const {
    namespace ei = Eigen::internal;
    const Packet<S> shift = constant(highest);
    last = whole_ < n_ ? exponential(ei::psub(last_, shift)) : constant(S(0));
    Packet<S> sum = last;
    for (Index k = 0; k < whole_; k += packet_size<S>) {
      const Packet<S> e = exponential(ei::psub(ei::ploadu<Packet<S>>(scores_ + k), shift));
      sum = ei::padd(sum, e);
      if (out != nullptr) ei::pstoreu(out + k, e);
    }
    return S(ei::predux(sum));
  }

  /// Nothing below `lowest` is exponentiated: its result is dropped, and on its way there arithmetic is slow.
  static Packet<S> exponential(const Packet<S>& x) {
    namespace ei = Eigen::internal;
    if constexpr (packet_size < S >> 1) {
      constexpr S lowest = sizeof(S) == 4 ? S(-87.3365) : S(-708.3964);  // its logarithm
      const Packet<S> bound = constant(lowest);
      return ei::pandnot(exp_of<S>(ei::pmax(x, bound)), ei::pcmp_lt(x, bound));
    } else {
      return zero_below<S>(exp_of<S>(x), S(Limits<S>::min()));
    }
  }

  Index n_, whole_;
  const S* scores_;
  Packet<S> last_ = constant(S(0));
};

}  // namespace heed::inline v0_1::detail
