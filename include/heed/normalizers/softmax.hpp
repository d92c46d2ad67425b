#pragma once

#include <heed/layers/activations.hpp>
#include <heed/normalizers/normalizer.hpp>

namespace heed { inline namespace v0_2 {

/// Softmax: Bahdanau, Cho & Bengio 2015, equation 6. The weights sum to 1.
///
///     weight_j = e^{score_j} / sum_k e^{score_k}
struct Softmax {
  template <class X>
  void forward(X&& scores) const {
    softmax(scores);
  }
  template <class Y, class D>
  void backward(const Y& weights, D&& d) const {
    detail::check_like("Softmax.backward", "d", d, weights);
    softmax_backward(weights, d);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&&, Self&&...) {}
};

}}  // namespace heed::v0_2
