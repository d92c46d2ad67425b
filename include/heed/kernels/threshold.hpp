#pragma once

#include <heed/kernels/softmax.hpp>

#include <cmath>
#include <type_traits>

namespace heed { inline namespace v0_2 { namespace detail {

/// Converts a column of n > 0 scores to sparse weights, of which many are exactly 0:
///
///     x_j = (score_j - the highest score) / Power      weight_j = max(x_j - tau, 0)^Power      sum_j weight_j = 1
///
/// The papers sort the scores to find tau. This class uses Newton's method, which needs no temporary memory. The
/// Power-norm of max(x - tau, 0) decreases with tau and is convex. At tau = -1 it is at least 1, so from there every
/// step increases tau and no step overshoots. For Power 1, a step is exact once all scores with weight 0 are excluded.
/// Five to ten steps reach the limit of rounding.
template <class S, int Power>
class ThresholdColumn {
  static_assert(Power == 1 || Power == 2, "ThresholdColumn: Power must be 1 (sparsemax) or 2 (1.5-entmax)");
  using P = Packet<S>;

 public:
  /// Overwrites the scores with their weights. If a score is NaN, tau and all weights are NaN.
  static void normalise(S* scores, Index n) {
    ThresholdColumn column(scores, n);
    column.shift();
    S tau = S(-1), before;
    do {
      before = tau;
      tau = column.closer(before);
    } while (tau > before);
    column.weigh(tau);
  }

 private:
  ThresholdColumn(S* x, Index n) : n_(n), whole_(n - n % packet_size<S>), x_(x) {}

  PartPacket<S> part() const { return {n_ - whole_}; }

  /// Replaces the scores by x.
  void shift() {
    namespace ei = Eigen::internal;
    const S highest = SoftmaxColumn<S>(x_, n_).largest();
    const P shift = constant(highest), share = constant(S(1) / S(Power));
    const auto shifted = [&](const P& score) { return ei::pmul(ei::psub(score, shift), share); };
    for (Index k = 0; k < whole_; k += packet_size<S>) ei::pstoreu(x_ + k, shifted(ei::ploadu<P>(x_ + k)));
    if (whole_ < n_) {
      part().store(x_ + whole_, shifted(part().load(x_ + whole_, highest).packet));
      last_ = part().load(x_ + whole_, S(-2)).packet;  // below every tau
    }
  }

  /// max(x - tau, 0). NaN in x stays NaN.
  static P above(const P& x, const P& tau) {
    return Eigen::internal::pmax(Eigen::internal::psub(x, tau), constant(S(0)));
  }

  /// 1 for every positive element of x, otherwise 0. No element of x is negative.
  static P positive(const P& x) {
    namespace ei = Eigen::internal;
    if constexpr (packet_size<S> == 1) {
      return x > S(0) ? S(1) : S(0);
    } else {
      return ei::pand(ei::pcmp_lt(constant(S(0)), x), constant(S(1)));
    }
  }

  /// Returns tau after one step of Newton's method.
  S closer(S tau) const {
    namespace ei = Eigen::internal;
    using std::sqrt;
    const P from = constant(tau);
    P sum = constant(S(0)), less = sum;  // sums of max(x - tau, 0) to the powers Power and Power - 1
    const auto add = [&](const P& x) {
      const P more = above(x, from);
      if constexpr (Power == 1) {
        sum = ei::padd(sum, more);
        less = ei::padd(less, positive(more));
      } else {
        sum = ei::pmadd(more, more, sum);
        less = ei::padd(less, more);
      }
    };
    for (Index k = 0; k < whole_; k += packet_size<S>) add(ei::ploadu<P>(x_ + k));
    if (whole_ < n_) add(last_);
    const S total = ei::predux(sum), slope = ei::predux(less);
    if constexpr (Power == 1) {
      return tau + (total - S(1)) / slope;
    } else {
      return tau + (total - sqrt(total)) / slope;
    }
  }

  void weigh(S tau) {
    namespace ei = Eigen::internal;
    const P from = constant(tau);
    const auto weight = [&](const P& x) {
      const P more = above(x, from);
      return Power == 1 ? more : ei::pmul(more, more);
    };
    for (Index k = 0; k < whole_; k += packet_size<S>) ei::pstoreu(x_ + k, weight(ei::ploadu<P>(x_ + k)));
    if (whole_ < n_) part().store(x_ + whole_, weight(last_));
  }

  Index n_, whole_;
  S* x_;
  P last_ = constant(S(-2));
};

/// Overwrites every column of x, which contains scores, with its weights. Does not allocate.
template <int Power, class X>
void threshold_weights(X&& x) {
  static_assert(has_solid_columns<X>, "normalisers take column-major matrices");
  using S = typename std::remove_reference_t<X>::Scalar;
  if (x.rows() == 0) return;
  for (Index i = 0; i < x.cols(); ++i) ThresholdColumn<S, Power>::normalise(x.col(i).data(), x.rows());
}

}}}  // namespace heed::v0_2::detail
