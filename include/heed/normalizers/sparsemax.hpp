#pragma once

#include <heed/kernels/threshold.hpp>
#include <heed/normalizers/normalizer.hpp>

namespace heed { inline namespace v0_2 {

/// Sparsemax: the projection of the scores onto the probability simplex, Martins & Astudillo 2016, equation 2. The
/// weights sum to 1, and the weights of low scores are exactly 0.
///
///     weight_j = max(score_j - tau, 0)
///
/// tau is the threshold of the paper's algorithm 1, computed without sorting (kernels/threshold.hpp).
struct Sparsemax {
  template <class X>
  void forward(X&& scores) const {
    detail::threshold_weights<1>(scores);
  }

  /// Equation 14: with s_j = 1 if weight_j > 0 and 0 otherwise, dL/dscore_j = s_j (d_j - sum_k s_k d_k / sum_k s_k).
  template <class Y, class D>
  void backward(const Y& weights, D&& d) const {
    detail::check_like("Sparsemax.backward", "d", d, weights);
    using S = typename Y::Scalar;
    for (Index i = 0; i < weights.cols(); ++i) {
      const auto inside = weights.col(i).array() > S(0);
      const S mean = inside.select(d.col(i).array(), S(0)).sum() / detail::number<S>(inside.count());
      d.col(i).array() = inside.select(d.col(i).array() - mean, S(0));
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&&, Self&&...) {}
};

}}  // namespace heed::v0_2
