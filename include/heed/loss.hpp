#pragma once

#include <heed/kernels/softmax.hpp>

#include <cmath>
#include <span>
#include <string>

namespace heed::inline v0_1 {

/// Cross-entropy of the softmax of every column of `logits` (V x n) against its target word, summed over the columns.
///
/// With label smoothing e the wanted distribution is (1 - e) on the target plus e / V on every word (as PyTorch):
///
///     L = log sum_k e^{x_k} - (1 - e) x_target - e / V sum_k x_k
///
/// `logits` is overwritten by dL/dlogits times `scale`:  softmax(x) - (1 - e) [k = target] - e / V. The returned loss
/// is not scaled. Throws if a target is outside the vocabulary. Does not allocate.
template <class S>
Sum<S> softmax_cross_entropy(Out<S> logits, std::span<const Token> targets, S smoothing = S(0), S scale = S(1)) {
  require(static_cast<std::size_t>(logits.cols()) == targets.size(), [&] {
    return "softmax_cross_entropy: " + std::to_string(logits.cols()) + " columns of logits for " +
           std::to_string(targets.size()) + " targets";
  });
  const Index vocabulary = logits.rows();
  const S share = smoothing / detail::number<S>(vocabulary);
  Sum<S> loss(0);
  for (Index i = 0; i < logits.cols(); ++i) {
    const Index target = targets[static_cast<std::size_t>(i)];
    require(target >= 0 && target < vocabulary, [&] {
      return "softmax_cross_entropy: target " + std::to_string(target) + " is outside the vocabulary of " +
             std::to_string(vocabulary);
    });
    auto x = logits.col(i).array();
    const detail::SoftmaxColumn<S> column(x.data(), vocabulary);
    const S highest = column.largest();  // subtracted: the loss does not change, and e^x cannot overflow
    S wanted = (S(1) - smoothing) * (x(target) - highest);
    if (smoothing > S(0)) wanted += share * (x - highest).sum();
    const S total = column.exponentials(highest, x.data());
    using std::log;
    loss += Sum<S>(log(total) - wanted);
    x = x * (scale / total) - share * scale;
    x(target) -= (S(1) - smoothing) * scale;
  }
  return loss;
}

}  // namespace heed::inline v0_1
