#pragma once

#include <heed/kernels/packets.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// True if a score is -inf. Its weight is then exactly 0, as if the item did not exist.
template <class S>
bool is_excluded(const S& score) {
  return score == S(-Limits<S>::infinity());
}

/// The softmax of a column of n > 0 scores, one packet at a time. A partial last packet is padded with -inf and stays
/// in a register.
///
/// The exponential of an excluded score is exactly 0. If all scores are -inf, or one is NaN or +inf, the sum of the
/// exponentials is NaN.
template <class S>
class SoftmaxColumn {
 public:
  SoftmaxColumn(const S* scores, Index n) : n_(n), whole_(n - n % packet_size<S>), scores_(scores) {
    if (whole_ < n_) last_ = part().load(scores_ + whole_, S(-Limits<S>::infinity())).packet;
  }

  /// The largest score; -inf if all scores are -inf. Unspecified if a score is NaN.
  S largest() const {
    namespace ei = Eigen::internal;
    Packet<S> most = whole_ < n_ ? last_ : ei::ploadu<Packet<S>>(scores_);
    for (Index k = 0; k < whole_; k += packet_size<S>) most = ei::pmax(most, ei::ploadu<Packet<S>>(scores_ + k));
    return largest_of<S>(most);
  }

  /// Writes e^{score - highest} to `out` and returns the sum. Values below the smallest normal floating-point value
  /// become 0. `out` may be the address of the scores. `highest` must be at least the largest score.
  S exponentials(S highest, S* out) const {
    Packet<S> last;
    const S sum = exponentials(highest, out, last);
    if (whole_ < n_) part().store(out + whole_, last);
    return sum;
  }

  /// Returns the same sum and writes nothing.
  S sum_of_exponentials(S highest) const {
    Packet<S> last;
    return exponentials(highest, static_cast<S*>(nullptr), last);
  }

  /// Overwrites the scores with their softmax.
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

  /// Returns the sum of the exponentials. Writes the whole packets to `out`, unless it is null. Returns a partial last
  /// packet in `last`.
  S exponentials(S highest, S* out, Packet<S>& last) const {
    namespace ei = Eigen::internal;
    const Packet<S> shift = constant(highest);
    last = whole_ < n_ ? exp_of_nonpositive<S>(ei::psub(last_, shift)) : constant(S(0));
    Packet<S> sum = last;
    for (Index k = 0; k < whole_; k += packet_size<S>) {
      const Packet<S> e = exp_of_nonpositive<S>(ei::psub(ei::ploadu<Packet<S>>(scores_ + k), shift));
      sum = ei::padd(sum, e);
      if (out != nullptr) ei::pstoreu(out + k, e);
    }
    return S(ei::predux(sum));
  }

  Index n_, whole_;
  const S* scores_;
  Packet<S> last_ = constant(S(0));
};

}}}  // namespace heed::v0_2::detail
