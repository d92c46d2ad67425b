#pragma once

#include <heed/kernels/threshold.hpp>
#include <heed/normalizers/normalizer.hpp>

namespace heed { inline namespace v0_2 {

/// alpha-entmax with alpha = 1.5, Peters, Niculae & Martins 2019. It lies half-way between softmax (alpha = 1) and
/// sparsemax (alpha = 2). The weights sum to 1, and the weights of low scores are exactly 0.
///
///     weight_j = max(score_j / 2 - tau, 0)^2
///
/// tau is the threshold of the paper's exact algorithm, computed without sorting (kernels/threshold.hpp).
struct Entmax15 {
  template <class X>
  void forward(X&& scores) const {
    detail::threshold_weights<2>(scores);
  }

  /// The paper's Jacobian for alpha = 1.5, with s_j = sqrt(weight_j):
  ///
  ///     dL/dscore_j = s_j (d_j - sum_k s_k d_k / sum_k s_k)
  template <class Y, class D>
  void backward(const Y& weights, D&& d) const {
    detail::check_like("Entmax15.backward", "d", d, weights);
    using S = typename Y::Scalar;
    for (Index i = 0; i < weights.cols(); ++i) {
      const auto s = weights.col(i).array().sqrt();
      const S mean = (s * d.col(i).array()).sum() / s.sum();
      d.col(i).array() = s * (d.col(i).array() - mean);
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&&, Self&&...) {}
};

}}  // namespace heed::v0_2
