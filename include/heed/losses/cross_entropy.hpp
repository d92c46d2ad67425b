#pragma once

#include <heed/core/checks.hpp>
#include <heed/kernels/softmax.hpp>

#include <cmath>
#include <span>
#include <string>

namespace heed { inline namespace v0_2 {

namespace detail {

/// The loss of one column x in which logits are -inf, or so far apart that their differences overflow. Overwrites x by
/// the gradient, except for the term of the target, which the caller subtracts. `column` is constructed from x.
template <class S, class X>
Sum<S> excluding_loss(X& x, const SoftmaxColumn<S>& column, const S& highest, Index target, const S& smoothing,
                      const S& scale) {
  using std::exp, std::log;
  const auto below_highest = [&](Index k) { return Sum<S>(Sum<S>(x(k)) - Sum<S>(highest)); };
  const S total = column.sum_of_exponentials(highest);
  Sum<S> sum(0);
  Index words = 0;
  for (Index k = 0; smoothing > S(0) && k < x.size(); ++k) {
    if (is_excluded<S>(x(k))) continue;
    sum += below_highest(k);
    ++words;
  }
  const S share = words > 0 ? S(smoothing / number<S>(words)) : S(0);
  const Sum<S> wanted = Sum<S>(S(1) - smoothing) * below_highest(target) + Sum<S>(share) * sum;
  for (Index k = 0; k < x.size(); ++k) {
    x(k) = is_excluded<S>(x(k)) ? S(0) : S((exp(S(x(k) - highest)) / total - share) * scale);
  }
  return Sum<S>(log(total)) - wanted;
}

}  // namespace detail

/// Cross-entropy of the softmax of every column of `logits` (V x n) against its target word, summed over the columns.
///
/// With label smoothing e the target distribution is (1 - e) on the target plus e / V on every word, as in PyTorch:
///
///     L = log sum_k e^{x_k} - (1 - e) x_target - e / V sum_k x_k
///
/// `logits` is overwritten by dL/dlogits times `scale`:  softmax(x) - (1 - e) [k = target] - e / V. The returned loss
/// is not scaled. Throws heed::Error if a target is outside the vocabulary, or if the number of targets differs from
/// the number of columns. Does not allocate.
///
/// A logit of -inf excludes its word: the loss and the gradient are those of a vocabulary without this word. If the
/// target is excluded, the loss is infinite. The loss is NaN if a logit is NaN or +inf, or if all logits of a column
/// are -inf.
template <class S>
Sum<S> softmax_cross_entropy(Out<S> logits, std::span<const Token> targets, S smoothing = S(0), S scale = S(1)) {
  detail::check_count("softmax_cross_entropy", "targets", targets.size(), static_cast<std::size_t>(logits.cols()));
  const Index vocabulary = logits.rows();
  const S share = smoothing / detail::number<S>(vocabulary);
  Sum<S> loss(0);
  for (Index i = 0; i < logits.cols(); ++i) {
    const Index target = detail::at(targets, i);
    require(target >= 0 && target < vocabulary, [&] {
      return "softmax_cross_entropy: target must be in [0, " + std::to_string(vocabulary) + "), got " +
             std::to_string(target);
    });
    auto x = logits.col(i).array();
    const detail::SoftmaxColumn<S> column(x.data(), vocabulary);
    const S highest = column.largest();  // subtracted: the loss does not change, and e^x cannot overflow
    S wanted = (S(1) - smoothing) * (x(target) - highest);
    if (smoothing > S(0)) wanted += share * (x - highest).sum();
    if (detail::is_excluded(wanted)) {
      loss += detail::excluding_loss(x, column, highest, target, smoothing, scale);
    } else {
      const S total = column.exponentials(highest, x.data());
      using std::log;
      loss += Sum<S>(log(total) - wanted);
      x = x * (scale / total) - share * scale;
    }
    x(target) -= (S(1) - smoothing) * scale;
  }
  return loss;
}

}}  // namespace heed::v0_2
